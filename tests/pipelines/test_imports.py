"""What is imported, counted: a second of importing is paid at every command and in every worker."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import training_toys

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.testing import random_weights
from pipelines.training import train
from spec.lazy import LazyPackage

LIBRARIES = {
    "dask", "distributed", "dvc", "fsspec", "joblib", "lightning_fabric", "matplotlib", "networkx",
    "onnx", "pandas", "pooch", "pyarrow", "scipy", "sklearn", "sympy", "torch._dynamo",
    "torch._inductor", "torch_geometric", "transformers",
}  # fmt: skip
TELL = """
import json, sys
before = set()
{work}
print("MODULES", json.dumps(sorted(set(sys.modules) - before)))
"""
LAZY = (
    "graphgen", "graphgen.files", "metanet", "pipelines.generation", "pipelines.inrs",
    "pipelines.learned_optimizer", "pipelines.training", "pipelines.workers", "pipelines.zoo",
)  # fmt: skip


def imported(work: str, cwd: Path | None = None) -> set[str]:
    """List the modules that a process of its own has after some work."""
    command = [sys.executable, "-c", TELL.format(work=work)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stdout.rpartition("MODULES ")[2])
    return set(modules)


def check(modules: set[str], most: int, absent: set[str]) -> None:
    """Compare with the most modules that may be there, and those that must not."""
    assert not modules & absent, f"imported without need: {sorted(modules & absent)}"
    assert len(modules) <= most, f"{len(modules)} modules, expected at most {most}"


def command(*arguments: str) -> str:
    return f"from pipelines.cli import main\nmain({list(arguments)!r})"


@pytest.mark.parametrize("module", ["pipelines", "pipelines.cli"])
def test_the_command_is_a_module_too(module: str) -> None:
    for arguments, code, words in ((["--version"], 0, "gmn, version"), (["no"], 2, "Usage: gmn")):
        command_line = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command_line, capture_output=True, text=True, timeout=120)
        assert done.returncode == code
        assert words in done.stdout + done.stderr


def test_the_language_and_the_compiler_import_little() -> None:
    modules = imported("import spec, graphgen")
    check(modules, 290, {*LIBRARIES, "torch", "numpy", "jsonschema", "click", "graphgen.compile"})


def test_the_models_import_nothing_before_they_are_named() -> None:
    modules = imported("import spec, torch\nbefore = set(sys.modules)\nimport metanet")
    check(modules, 10, {*LIBRARIES, "numpy", "jsonschema"})
    made = imported("import spec, torch\nbefore = set(sys.modules)\nimport metanet\nmetanet.GMN()")
    check(made, 330, {*LIBRARIES, "jsonschema"})
    assert "metanet.models.gmn" in made


def test_checking_a_description_needs_neither_arrays_nor_the_compiler(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("inputs: {x: [2]}\nlayers: [{linear: {out_features: 3}}]\n")
    modules = imported(command("check", "net.yaml"), tmp_path)
    check(modules, 430, {*LIBRARIES, "torch", "numpy", "graphgen.compile"})
    assert "jsonschema" in modules, "it judges every document"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a network, its weights, and a predictor of such."""
    folder = tmp_path_factory.mktemp("predictor")
    training_toys.write_settings(folder / "settings")
    (folder / "net.yaml").write_text(training_toys.SIREN)
    net = spec.load(folder / "net.yaml")
    write_weights(
        folder / "w.safetensors", random_weights(net, np.random.default_rng(1), np.float32)
    )
    graphs = training_toys.write_graphs(folder / "graphs").folder
    with pytest.MonkeyPatch.context() as patch:
        training_toys.run_here(patch)
        train(folder / "settings/regression.yaml", graphs, folder / "runs", only="gmn")
    return folder


def test_a_prediction_imports_what_it_computes_with(run: Path) -> None:
    alone = imported("import torch")
    arguments = ("predict", "runs/gmn-seed0", "net.yaml", "w.safetensors")
    modules = imported(command(*arguments), run)
    assert "metanet.models.gmn" in modules
    check(modules - alone, 710, LIBRARIES)


def test_what_is_imported_without_need_is_told() -> None:
    for work, absent in (
        ("import graphgen\ngraphgen.compile", {"numpy"}),
        ("import torch\ntorch.compiler.disable(print)", {"sympy"}),
        ("import spec\nspec.loads('inputs: {x: [2]}\\nlayers: [relu]')", {"jsonschema"}),
    ):
        modules = imported(work)
        with pytest.raises(AssertionError, match=f"without need: .*{min(absent)}"):
            check(modules, 10**6, absent)
        with pytest.raises(AssertionError, match="expected at most 10"):
            check(modules, 10, set())


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_package_has_all_its_names(name: str) -> None:
    package = import_module(name)
    assert isinstance(package, LazyPackage)
    assert set(package.__all__) <= {*package.__homes__, *vars(package), "evaluate", "export"}
    for each in package.__all__:
        assert getattr(package, each) is not None
        assert each in dir(package)
    assert set(package.__homes__) <= {*package.__all__}, "what type checkers see is public"
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        package.absent  # noqa: B018
    with pytest.raises(ImportError):
        exec(f"from {name} import absent")


def test_a_function_stays_where_a_module_has_its_name() -> None:
    for name in ("compile", "evaluate", "features", "template", "verify"):
        import_module(f"graphgen.{name}")
        assert callable(getattr(graphgen, name))
    assert graphgen.symmetry is import_module("graphgen.symmetry"), "modules are there too"


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_package_is_asked_as_any_other(name: str) -> None:
    package = import_module(name)
    assert set(package.__all__) <= set(dir(package))
    for other in ("nothing", "nothing.at.all", "", "no name", "_nothing"):
        assert not hasattr(package, other), other
