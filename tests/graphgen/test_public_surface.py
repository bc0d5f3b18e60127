"""Every public function, given something of a wrong kind, says so in the package's own error."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import GeneratorType
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.symmetry import Permutation
from graphgen.symmetry.scalings import Scaling
from graphgen.testing import random_inputs, random_weights

TEXT = """
inputs: {x: [3]}
layers: [{linear: {out_features: 4}}, relu, {linear: {out_features: 2}}]
"""
OTHER = "inputs: {y: [5]}\nlayers: [{linear: {out_features: 1}}]"
NET = spec.loads(TEXT)
WEIGHTS = random_weights(NET, np.random.default_rng(0))
X = random_inputs(NET, np.random.default_rng(0))[0]
GRAPH = graphgen.compile(NET, WEIGHTS)
RUNNABLE = graphgen.compile(NET, WEIGHTS, "computation")
GROUP, SCALINGS = graphgen.symmetries(NET), graphgen.scalings(NET)
VALID: dict[str, Any] = {
    "net": NET,
    "source": "net.yaml",
    "variables": {},
    "weights": WEIGHTS,
    "target": WEIGHTS,
    "a": WEIGHTS,
    "b": WEIGHTS,
    "share": 0.5,
    "density": 0.5,
    "normalize": True,
    "scale": 1.0,
    "shares": (0.0, 1.0),
    "losses": (0.0, 1.0),
    "loss": lambda weights: 0.0,
    "points": 3,
    "kind": "parameter",
    "name": "relu",
    "graph": GRAPH,
    "path": "out.file",
    "file": "out.safetensors",
    "folder": "out",
    "replace": True,
    "max_edges": 100,
    "detail": "groups",
    "edges": 3,
    "rng": np.random.default_rng(0),
    "sweeps": 2,
    "restarts": 1,
    "signs": True,
    "scales": True,
    "description": graphgen.export.description.describe(GRAPH),
    "values": GRAPH.edge_values(),
    "out": np.empty((2, GRAPH.num_edges), dtype=np.int64),
    "structure": GRAPH.template,
    "turning": (),
    "nodes": np.arange(GRAPH.num_nodes),
    "array": WEIGHTS["0.weight"],
    "units": [graphgen.units(NET)["0/neuron"][0]],
    "noise": 0.1,
    "scores": graphgen.unit_scores(NET, WEIGHTS),
    "gradients": WEIGHTS,
    "records": [{"accuracy": 0.5}],
    "weights_a": WEIGHTS,
    "weights_b": WEIGHTS,
    "align": True,
    "check": False,
    "networks": [WEIGHTS, WEIGHTS],
    "base": WEIGHTS,
    "merged": WEIGHTS,
    "inputs": [X],
    "names": ["0/0"],
    "maps": "orthogonal",
    "streams": True,
    "activations": [graphgen.activations(NET, WEIGHTS, [X])] * 2,
    "fresh": True,
}
"""A right value for each argument's name; a new name needs one here."""

WRONG: dict[str, Any] = {
    "None": None,
    "an integer": 5,
    "a negative integer": -1,
    "a huge integer": 10**5000,
    "a fraction": 2.5,
    "NaN": float("nan"),
    "True": True,
    "a text": "text",
    "no text": "",
    "a text with a zero": "a\0b",
    "a text like a name": "resnet",
    "a long text": "x" * 5000,
    "bytes": b"bytes",
    "a missing file": "missing.yaml",
    "a missing path": Path("missing") / "missing.safetensors",
    "a folder": Path("."),
    "weights in a file": Path("weights.safetensors"),
    "a description in a file": Path("net.yaml"),
    "a list": [1, 2],
    "an empty list": [],
    "a tuple of arrays": (X, X),
    "a mapping": {"x": 5},
    "an empty mapping": {},
    "a mapping by numbers": {5: X},
    "a mapping of lists": {name: array.tolist() for name, array in WEIGHTS.items()},
    "a mapping with NaN": {name: array * np.nan for name, array in WEIGHTS.items()},
    "weights of complex numbers": {name: array * 1j for name, array in WEIGHTS.items()},
    "weights of another network": random_weights(spec.loads(OTHER), np.random.default_rng(0)),
    "an object": object(),
    "a class": Path,
    "a function": len,
    "a function of nothing": lambda: 0,
    "a module": np,
    "a scalar": np.float32(1),
    "an array of five axes": np.zeros((1, 2, 1, 2, 1)),
    "an array of none": np.zeros(0),
    "an array of texts": np.array(["a", "b"]),
    "an array of objects": np.array([None, 1]),
    "an array of complex numbers": np.zeros((3, 3), complex),
    "an array of raw bytes": np.zeros(3, "V2"),
    "an architecture": NET,
    "another architecture": spec.loads(OTHER),
    "a graph": GRAPH,
    "a graph that runs": RUNNABLE,
    "a list of graphs": [GRAPH],
    "a template": GRAPH.template,
    "a group": GROUP,
    "a seed": np.random.RandomState(0),
}
MADE_BY_THE_PACKAGE = {
    # What these take only the package makes; they are shared between its files.
    "Symmetries.arranged", "Symmetries.element", "Scalings.sources", "Scalings.targets",
    "Scalings.powers", "EdgeBlock.view", "EdgeBlock.place", "Permutation.edges",
    "Permutation.moved", "GraphSet",
}  # fmt: skip
RECORDS = (graphgen.EdgeBlock, graphgen.NodeGroup, graphgen.Step, graphgen.NeuronValue,
           graphgen.Graph, graphgen.Template, graphgen.export.ArrowTables,
           graphgen.export.GraphsTuple, graphgen.export.SparseGraph,
           graphgen.Checkpoint, graphgen.Features, graphgen.Match, graphgen.Units,
           graphgen.Diff, graphgen.NameMap, graphgen.CanonicalForm, graphgen.SymmetryElement,
           graphgen.SymmetryFamily, graphgen.Family, graphgen.Slice, graphgen.Unit,
           graphgen.Branches, graphgen.Branch, graphgen.Arrangement,
           graphgen.Universe)  # fmt: skip
"""What the package hands out, and nobody makes."""

OBJECTS: dict[str, Any] = {
    "Graph": GRAPH,
    "Template": GRAPH.template,
    "EdgeBlock": GRAPH.blocks[0],
    "Symmetries": GROUP,
    "Scalings": SCALINGS,
    "Permutation": GROUP.sample(np.random.default_rng(0)),
    "Scaling": SCALINGS.sample(np.random.default_rng(0)),
    "Match": graphgen.match(NET, WEIGHTS, WEIGHTS),
    "Checkpoint": graphgen.Checkpoint.read(NET, WEIGHTS),
    "Diff": graphgen.diff(NET, NET, WEIGHTS, WEIGHTS),
    "NameMap": graphgen.name_map(NET, NET),
    "Barrier": graphgen.Barrier((0.0, 1.0), (0.0, 1.0)),
}
"""One of each class whose methods are called."""


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """List all that is public and can be called, by name."""
    for module in (graphgen, graphgen.export):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) and issubclass(value, Exception):
                continue
            if callable(value) and value not in RECORDS:
                yield name, value
    for name, instance in OBJECTS.items():
        assert type(instance).__name__ == name
        for method, value in inspect.getmembers(instance, inspect.ismethod):
            if not method.startswith("_"):
                yield f"{name}.{method}", value


PUBLIC = {name: value for name, value in functions() if name not in MADE_BY_THE_PACKAGE}


def run(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a function; what it makes bit by bit is made up to the third."""
    result = function(*arguments, **named)
    if isinstance(result, GeneratorType):
        return [item for item, _ in zip(result, range(3), strict=False)]
    return result


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_weights("weights.safetensors", WEIGHTS)
    Path("net.yaml").write_text(TEXT)
    return tmp_path


def arguments(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    """Give right arguments."""
    if name == "evaluate":
        return {}
    nets = {"a": NET, "b": NET} if name in ("diff", "name_map") else {}
    parameters = inspect.signature(function).parameters.values()
    assert all(p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters), name
    return {p.name: nets.get(p.name, VALID[p.name]) for p in parameters}


@pytest.mark.parametrize("name", PUBLIC)
def test_right_kinds_are_taken(name: str) -> None:
    given = (NET, WEIGHTS, X) if name == "evaluate" else ()
    if name == "to_pandas" and find_spec("pandas") is None:
        with pytest.raises(graphgen.GraphError, match="this needs pandas"):
            graphgen.export.to_pandas([])
        return
    if name == "to_dgl" and find_spec("dgl") is None:
        with pytest.raises(graphgen.GraphError, match="install it"):
            graphgen.export.to_dgl(GRAPH)
        return
    run(PUBLIC[name], *given, **arguments(name, PUBLIC[name]))


@pytest.mark.parametrize("name", PUBLIC)
def test_wrong_kinds_are_named(name: str) -> None:
    right = arguments(name, PUBLIC[name])
    for argument in right:
        for kind, value in WRONG.items():
            if argument == "loss" and callable(value):  # its own errors are its owner's
                continue
            try:
                run(PUBLIC[name], **{**right, argument: value})
            except (graphgen.GraphError, spec.SpecError):
                continue
            except Exception as error:
                raise AssertionError(f"{name}({argument}={kind})") from error


@pytest.mark.parametrize("first", [NET, RUNNABLE, GRAPH], ids=["net", "runnable", "graph"])
def test_wrong_kinds_of_arguments_of_evaluate_are_named(first: Any) -> None:
    for kind, value in WRONG.items():
        for given in ([value], [first, value], [first, value, X], [first, WEIGHTS, value]):
            try:
                graphgen.evaluate(*given)
            except (graphgen.GraphError, spec.SpecError):
                continue
            except Exception as error:
                raise AssertionError(f"evaluate with {kind}") from error


def test_control_a_function_without_checks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PUBLIC, "careless", lambda graph: graph.num_nodes + 1)
    test_right_kinds_are_taken("careless")
    with pytest.raises(AssertionError, match=r"careless\(graph=None\)"):
        test_wrong_kinds_are_named("careless")
    monkeypatch.setitem(PUBLIC, "new", lambda unheard: None)
    with pytest.raises(KeyError, match="unheard"):
        test_wrong_kinds_are_named("new")


def test_control_the_walk_comes_to_what_is_public() -> None:
    for name in ("compile", "match", "to_pyg", "restore_weights", "Graph.with_edge_values",
                 "Template.bind", "Permutation.apply", "Scaling.apply", "Barrier"):  # fmt: skip
        assert name in PUBLIC
    assert isinstance(OBJECTS["Permutation"], Permutation)
    assert isinstance(OBJECTS["Scaling"], Scaling)
