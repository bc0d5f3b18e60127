"""The core installation: every command that needs more says in one line what to install."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

import pipelines
from pipelines.cli import gmn
from pipelines.compile import compile_zoo
from pipelines.extras import LIBRARIES, to_install
from pipelines.results import writing_results

PROJECT = Path(pipelines.__file__).parents[1] / "pyproject.toml"
NET = "inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}, relu, {linear: {out_features: 2}}]\n"
WITHOUT = {
    "completion",
    *("layers", "check", "compile", "union", "symmetries", "diff", "card"),
    *("units", "prune", "widen", "canonical"),
    *("new", "code", "doctor", "view"),
}
"""Commands that work with the core installation, as does `report --show`."""
WORK_FIRST = {"report"}
"""Those that need a library only for what comes after reading, which here fails."""
WALK = """
import contextlib, io, json, os, sys, time

hidden = set(json.loads(sys.argv[1]))

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
from pipelines.cli import main

found = []
for arguments in json.loads(sys.stdin.read()):
    out, err = io.StringIO(), io.StringIO()
    begun = time.perf_counter()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException as error:
            code, _ = 1, err.write(f"Traceback {error!r}")
    found.append([code, out.getvalue(), err.getvalue(), time.perf_counter() - begun])
json.dump(found, sys.__stdout__)
"""


def walk(
    commands: list[list[str]], folder: Path, hidden: set[str]
) -> list[tuple[int, str, str, float]]:
    """Run commands one after the other in a process in which some modules are not there."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK, json.dumps(sorted(hidden))],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(row) for row in json.loads(done.stdout)]


OPTIONS = {
    "merge": ("--out", "new-merge.npz", "other.npz"),
    "prune": ("--keep", "0/neuron=2", "--out", "smaller.yaml"),
    "widen": ("--times", "2", "--out", "wider.yaml"),
}
"""The options of commands that need some of them."""


def arguments_of(name: str) -> list[str]:
    """Give a command paths that are there, of the right kind."""
    places = {
        "net": "net.yaml", "source": "net.yaml", "weights": "net.npz", "target": "other.npz",
        "settings": "params.yaml", "name": "conv2d", "params": "params.yaml", "zoo": "zoo",
        "model": "model.pt2", "shell": "bash", "tasks": "params.yaml", "commands": "card",
        "a": "net.yaml", "b": "net.yaml",
    }  # fmt: skip
    given = [name]
    for parameter in gmn.commands[name].params:
        if parameter.param_type_name == "argument":
            given.append(
                places.get(str(parameter.name), f"new-{name}" if name == "new" else "folder")
            )
        elif parameter.required and name not in OPTIONS:
            given += [parameter.opts[0], f"new-{name}.npz"]
    return [*given, *OPTIONS.get(name, ())]


@pytest.fixture
def folder(tmp_path: Path, small_zoo: Path) -> Path:
    import numpy as np

    import graphgen
    import spec
    from graphgen.files import write_weights

    (tmp_path / "net.yaml").write_text(NET)
    shapes = {"0.weight": (3, 4), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
    write_weights(tmp_path / "net.npz", {k: np.ones(v, np.float32) for k, v in shapes.items()})
    rng = np.random.default_rng(0)
    other = {k: rng.normal(size=v).astype(np.float32) for k, v in shapes.items()}
    write_weights(tmp_path / "other.npz", other)
    (tmp_path / "folder").mkdir()
    with zipfile.ZipFile(tmp_path / "model.pt2", "w") as file:
        file.writestr("model/models/model.json", "{}")
    (tmp_path / "zoo").symlink_to(small_zoo)
    # Of signals that are drawn: no data set is asked for before the work begins.
    siren = "inputs: {x: [1]}\nlayers: [{linear: {out_features: 1}}]\n"
    (tmp_path / "siren.yaml").write_text(siren)
    settings: dict[str, Any] = {
        "zoo": {
            "dataset": "digits",
            "count": 1,
            "architectures": [{"family": "a", "file": "net.yaml"}],
            "training": {"learning_rate": 0.1, "epochs": 1},
        },
        "inrs": {
            "signals": {"name": "sine_waves", "train": 2, "test": 1},
            "architecture": {"family": "siren", "file": "siren.yaml"},
            "convention": "standard",
            "fit": {"steps": 1, "learning_rate": 0.1},
        },
    }
    net = spec.load(tmp_path / "net.yaml")
    weights = {k: np.ones(v, np.float32) for k, v in shapes.items()}
    graphgen.GraphSet.write(tmp_path / "graphs", [(net, weights, {"split": "train"})])
    mlp = {"architecture": "mlp", "data": "digits", "steps": 1, "batch_size": 1}
    settings["barriers"] = {
        "pairs": 1, "points": 3, "seed": 0, "networks": {"mlp": {**mlp, "learning_rate": 0.1}},
    }  # fmt: skip
    settings["union"] = {"zoos": {"one": {"graphs": "graphs"}}}
    (tmp_path / "params.yaml").write_text(json.dumps(settings))
    return tmp_path


def test_every_command_names_the_extra_that_it_needs(folder: Path) -> None:
    names = list(gmn.commands)
    assert len(names) >= 18
    found = walk([arguments_of(name) for name in names], folder, set(LIBRARIES))
    for name, (code, out, err, _) in zip(names, found, strict=True):
        if name in WITHOUT:
            assert (code, err) == (0, ""), (name, err)
            assert out
            continue
        assert code == (2 if name in WORK_FIRST else 3), (name, code, err)
        assert err.count("\n") == 1, (name, err)
        assert err.startswith("Error: "), (name, err)
        if name not in WORK_FIRST:
            assert "pip install" in err, (name, err)
            assert "graph-metanetworks[" in err, (name, err)
        assert not (folder / f"new-{name}.npz").exists(), name
    match = dict(zip(names, found, strict=True))["match"][2]
    assert "scipy" in match
    assert "[export]" in match
    assert "this export" not in match


def test_the_same_commands_get_further_with_all_libraries(folder: Path) -> None:
    found = walk([arguments_of(name) for name in ("match", "zoo", "train")], folder, set())
    assert "pip install" not in "".join(err for _, _, err, _ in found)
    assert found[0][0] == 0


def test_results_are_shown_with_the_core_installation(folder: Path, small_zoo: Path) -> None:
    splits = {"train": 0.25, "validation": 0.25, "test": 0.5}
    settings = folder / "compile.yaml"
    settings.write_text(json.dumps({"seed": 0, "splits": splits}))
    (folder / "out").mkdir()
    graphs = compile_zoo(settings, small_zoo, folder / "out" / "graphs")
    (folder / "out" / "zoo").symlink_to(small_zoo)
    score = {"mean": 0.5, "std": 0.0}
    metrics = {"gmn": {"r2": score, "tau": score, "mae": score, "seeds": 1}}
    with writing_results(folder / "out" / "results", ["metrics.json"], replace=False) as new:
        new.add("metrics.json", lambda path: path.write_text(json.dumps(metrics)))
        sealed = new.commit({"of": {"graph_set": graphs.hash}, "parts": new.parts})
    report = folder / "out" / "report.html"
    report.write_text(sealed["hash"])
    ((code, out, err, _),) = walk([["report", "--show"]], folder, set(LIBRARIES))
    assert (code, err) == (0, "")
    assert "gmn" in out
    assert "report: file://" in out
    # The control: a report of other results is not shown beside these.
    report.write_text("0" * 64)
    ((code, _, err, _),) = walk([["report", "--show"]], folder, set(LIBRARIES))
    assert code == 2
    assert "of other results" in err


def test_help_needs_nothing_and_is_quick(folder: Path) -> None:
    commands = [["--help"], ["--version"], *([name, "--help"] for name in gmn.commands)]
    heavy = {*LIBRARIES, "numpy", "yaml", "jsonschema", "graphgen", "spec", "metanet"}
    for command, (code, out, err, seconds) in zip(
        commands, walk(commands, folder, heavy), strict=True
    ):
        assert (code, err) == (0, ""), command
        assert out.strip()
        assert seconds < 1


def test_the_table_is_that_of_the_project() -> None:
    project = tomllib.loads(PROJECT.read_text())["project"]
    extras = project["optional-dependencies"]
    modules: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(normal(distribution), set()).add(module)

    def listed(extra: str) -> set[str]:
        """List the modules of an extra, with those of the extras that it takes in."""
        found: set[str] = set()
        for line in extras[extra]:
            if line.startswith("graph-metanetworks["):
                found |= listed(line.partition("[")[2].rstrip("]"))
            else:
                found |= modules[normal(line.partition(">")[0])]
        return found

    for module, extra in LIBRARIES.items():
        assert module in listed(extra), module
        assert f"[{extra}]" in to_install(module)
    needed = {line.partition(">")[0] for name in ("export", "pipelines", "dask", "metanet")
              for line in extras[name] if not line.startswith("graph-metanetworks")}  # fmt: skip
    for distribution in needed:
        assert modules[normal(distribution)] & LIBRARIES.keys(), distribution


def normal(name: str) -> str:
    return name.lower().replace("_", "-")
