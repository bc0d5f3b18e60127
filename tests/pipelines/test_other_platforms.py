"""Where Python has no fcntl, fork, pread, signals, as on Windows, all goes on."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TAKEN = ROOT / "tests" / "platforms"
PACKAGES = ("spec", "graphgen", "metanet", "pipelines")
FEW = {"fcntl", "grp", "posix", "pwd", "resource", "termios"}
"""Modules that only some systems have."""
NET = "inputs: {image: [1, 8, 8]}\nlayers: [flatten, {linear: {out_features: 10}}]\n"
SETTINGS: dict[str, Any] = {
    "zoo": {
        "dataset": "digits",
        "count": 8,
        "architectures": [{"family": "linear", "file": "net.yaml"}],
        "training": {"learning_rate": {"log_uniform": [1e-3, 1e-1]}, "epochs": 1},
    },
    "compile": {"seed": 0, "splits": {"train": 0.5, "validation": 0.25, "test": 0.25}},
    "train": {
        "target": "test_accuracy",
        "seeds": [0],
        "models": {
            "gmn": {
                "metanet": "gmn",
                "settings": {"hidden": 4, "layers": 1},
                "training": {
                    "epochs": 1,
                    "batch_size": 4,
                    "learning_rate": 1e-2,
                    "weight_decay": 0.0,
                    "gradient_norm": 1.0,
                },
            }
        },
    },
}
COMMANDS = [
    "zoo params.yaml --out zoo --workers 2",
    "compile zoo --out graphs",
    "train graphs --out runs --workers 2",
    "predict runs/gmn-seed0 net.yaml net.safetensors",
]
START = """
import os, signal, sys
import numpy as np
lacks = [not hasattr(os, "fork"), not hasattr(os, "pread"), not hasattr(signal, "SIGKILL")]
assert all(lacks), lacks
"""
CORE = """
import graphgen, graphgen.testing, spec
from graphgen.files import Journal, exclusive, write_weights
net = spec.load("net.yaml")
weights = graphgen.testing.random_weights(net, np.random.default_rng(0), np.float32)
write_weights("net.safetensors", weights)
graph = graphgen.compile(net, "net.safetensors")
graphgen.GraphSet.write("set", [(net, weights, {})], replace=True)
graphgen.GraphSet.write("set", [(net, weights, {})], replace=True)
with Journal("a.journal") as journal:
    journal.append(b"one\\r\\ntwo\\n")
with Journal("a.journal") as journal:
    print(journal.records())
with exclusive("set"):
    try:
        exclusive("set").__enter__()
    except graphgen.GraphError as error:
        print(error)
print(sorted(os.listdir("set")), len(graph.edge_values()))
"""
KERNELS = """
os.environ["CC"] = "no-compiler"
from metanet import kernels
print(kernels.available(), kernels.reason())
"""
ALL = """
from pipelines.cli import main
for command in sys.argv[1:]:
    main(command.split())
"""


def run(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "net.yaml").write_text(NET, encoding="utf-8")
    (folder / "params.yaml").write_text(json.dumps(SETTINGS), encoding="utf-8")
    paths = os.pathsep.join([str(TAKEN), str(ROOT)])
    # Neither UTF-8 nor its own line ends, so that a file that is opened without them would differ.
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONIOENCODING": "cp1252"}
    return subprocess.run(
        [sys.executable, "-c", START + script, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="cp1252",
        check=False,
    )


def test_the_core_needs_nothing_of_the_system(tmp_path: Path) -> None:
    done = run(CORE, tmp_path)
    assert done.returncode == 0, done.stderr
    records, refused, left = done.stdout.splitlines()
    assert records == r"[b'one\r\ntwo\n']"
    assert "set: in use by process " in refused
    assert "(this process)" in refused
    assert left == "['index.json', 'shard-00000.safetensors'] 650"


def test_kernels_are_done_without_where_there_is_no_compiler(tmp_path: Path) -> None:
    done = run(KERNELS, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("False ")
    assert "no C compiler 'no-compiler'" in done.stdout


@pytest.mark.parametrize("script", ["import fcntl", "os.fork()", "signal.SIGALRM"])
def test_control_what_the_system_lacks_fails(tmp_path: Path, script: str) -> None:
    done = run(script, tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(("ModuleNotFoundError", "AttributeError"))


@pytest.mark.long
def test_from_a_zoo_to_a_prediction(tmp_path: Path) -> None:
    assert run(CORE, tmp_path).returncode == 0
    done = run(ALL, tmp_path, *COMMANDS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("net.safetensors: test_accuracy ")


def few(source: str) -> set[str]:
    """List the modules that only some systems have which a source imports on all of them."""
    found: set[str] = set()
    if not any(name in source for name in FEW):
        return found
    tree = ast.parse(source)
    guarded = {
        inner for node in ast.walk(tree) if isinstance(node, ast.Try) for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and node not in guarded:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node not in guarded:
            found.add(node.module)
    return found & FEW


def test_no_module_that_only_some_systems_have_is_imported() -> None:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(sources) > 900
    assert not {path for path in sources if few(path.read_text(encoding="utf-8"))}
    assert few("def f():\n    import fcntl\n") == {"fcntl"}  # the control
