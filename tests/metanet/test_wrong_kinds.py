"""Whatever is given in the place of an argument, the answer is a result or a `MetanetError`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.flow.moments import by_parameter

MLP = "inputs: {x: [3]}\nlayers: [{linear: {out_features: 4}}, tanh, {linear: {out_features: 2}}]"
NET = spec.loads(MLP)
OTHERS = {
    "vit": spec.load(Path(spec.__file__).parent / "nets" / "vit.yaml"),
    "no weights": spec.loads("inputs: {x: [3]}\nlayers: [relu]"),
    "one scalar": spec.loads(
        "inputs: {x: [1]}\nlayers: [{linear: {out_features: 1, bias: false}}]"
    ),
    "two inputs": spec.loads(
        "inputs: {a: [3], b: [3]}\nlayers: [{add: {inputs: [a, b]}}, {linear: {out_features: 2}}]"
    ),
}
SMALL = {"hidden": 8, "layers": 1}
WITH_NET = (
    "dws", "hidden_activations", "hnp_nfn", "learned_inputs", "mlp", "np_nfn", "probe_gen",
    "probe_grid", "scale_gmn",
)  # fmt: skip
WRONG: dict[str, Any] = {
    "None": None,
    "int": 5,
    "negative": -1,
    "huge": 10**5000,
    "NaN": float("nan"),
    "text": "text",
    "missing path": Path("/nowhere/net.yaml"),
    "list": [],
    "list of numbers": [1, 2],
    "nested": [[None]],
    "dict": {},
    "dict of wrong": {"layers": 10**18, "inputs": "x", 5: []},
    "tensor": torch.zeros(2),
    "array": np.zeros(3),
    "object": object(),
    "class": dict,
    "net": NET,
    "template": graphgen.template(NET),
}


def graph(net: spec.Architecture = NET, dtype: Any = np.float32, **more: Any) -> graphgen.Graph:
    return graphgen.compile(net, random_weights(net, np.random.default_rng(0), dtype), **more)


def batch() -> metanet.Batch:
    return metanet.Batch.from_graphs([graph(), graph()])


def model_of(name: str, *, editor: bool = False) -> Any:
    if name == "statnn":
        model = metanet.StatNN(trees=2)
        model.fit(torch.rand(40, model.features.shape[1]), torch.rand(40))
        return model
    if name == "viewed":
        return metanet.Viewed("gmn", SMALL).eval()
    settings = SMALL | ({"net": NET} if name in WITH_NET else {})
    return (metanet.make_editor if editor else metanet.make_metanet)(name, **settings).eval()


def attempt(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Give the result of a call, or its `MetanetError`; anything else it raises fails the test."""
    try:
        return call(*arguments, **options)
    except metanet.MetanetError as error:
        return error


def required(function: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        name
        for name, p in inspect.signature(function).parameters.items()
        if p.kind in kinds and p.default is inspect.Parameter.empty
    ]


def takes_one(function: Callable[..., Any]) -> bool:
    """Say whether a function takes an argument by its place."""
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    return not kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


COUNT = sum(int(np.prod(shape)) for shape in NET.parameters.values())
MOMENTS = by_parameter(np.random.default_rng(0).standard_normal((4, COUNT)).astype(np.float32))
RIGHT: dict[str, Any] = {
    **MOMENTS.arrays(),
    "editor": "gmn",
    "horizon": 10,
    "learned": metanet.LearnedOptimizer("none"),
    "momenta": torch.zeros(2, COUNT, 3),
    "moments": MOMENTS,
    "noise": torch.zeros(2, COUNT),
    "squares": torch.zeros(2, COUNT),
    "steps": 1,
    "batch": batch(),
    "batches": [(torch.zeros(2, 3),)],
    "features": [torch.zeros(10, 1)] * 2,
    "folder": Path("/nowhere/model"),
    "generator": torch.Generator(),
    "graph_set": None,
    "graphs": [graph()],
    "indices": [0],
    "members": 1,
    "name": "gmn",
    "net": NET,
    "numbers": torch.zeros(2, 3),
    "originals": [graph(), graph()],
    "params": torch.nn.Linear(3, 2),
    "parts": batch().parts,
    "stacks": {name: torch.zeros(2, *shape) for name, shape in NET.parameters.items()},
    "target": torch.float64,
    "targets": torch.rand(5),
    "template": graphgen.template(NET),
    "weights": {name: torch.zeros(shape) for name, shape in NET.parameters.items()},
}


def public() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for module in (metanet, metanet.evaluate):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, ModuleType | Mapping) or value is metanet.MetanetError:
                continue
            if value is metanet.save:  # it would write wherever a path leads: test_saved.py
                continue
            found[name] = value
    for name in ("from_graphs", "from_set", "from_stacked"):
        found[f"Batch.{name}"] = getattr(metanet.Batch, name)
    for name in ("to", "with_nodes", "with_channels", "with_conditions", "graphs"):
        found[f"batch.{name}"] = getattr(batch(), name)
    for name in metanet.METANETS:
        found[f"METANETS[{name}]()"] = model_of(name)
    for name in metanet.EDITORS:
        found[f"EDITORS[{name}]()"] = model_of(name, editor=True)
    trees = model_of("statnn")
    found |= {f"StatNN().{name}": getattr(trees, name) for name in ("fit", "predict", "outputs")}
    return found


PUBLIC = public()


@pytest.mark.parametrize("name", PUBLIC)
def test_wrong_kinds_are_refused_in_the_package_s_words(name: str) -> None:
    function = PUBLIC[name]
    places = required(function)
    answers = []
    for place in range(max(takes_one(function), len(places))):
        for wrong in WRONG.values():
            arguments = [RIGHT[other] for other in places]
            arguments[place:] = [wrong, *arguments[place + 1 :]]
            answers.append(attempt(function, *arguments))
    if inspect.isclass(function):
        for option in inspect.signature(function).parameters:
            for wrong in WRONG.values():
                fixed = {other: RIGHT[other] for other in places}
                answers.append(attempt(function, **{**fixed, option: wrong}))
    refused = [str(answer) for answer in answers if isinstance(answer, metanet.MetanetError)]
    assert refused or not places
    assert all(20 < len(message) < 3000 for message in refused)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", [*metanet.METANETS, *(f"editor {n}" for n in metanet.EDITORS)])
def test_networks_of_another_kind_are_read_or_refused(name: str, kind: str) -> None:
    model = model_of(name.removeprefix("editor "), editor=name.startswith("editor"))
    for form in ("parameter", "computation"):
        if kind == "vit" and form == "computation":
            continue
        found = attempt(model, graph(OTHERS[kind], kind=form))
        if isinstance(found, torch.Tensor):
            assert found.isfinite().all()


def test_the_walk_finds_what_is_not_checked() -> None:
    def bare(batch: Any) -> Any:
        return batch.parts

    with pytest.raises(AttributeError):
        attempt(bare, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((NET, {}, torch.zeros(2, 3)), "lack 0.weight, 0.bias"),
        ((NET, RIGHT["weights"]), r"takes 1 inputs \(x\), got 0"),
        ((NET, RIGHT["weights"], np.zeros((2, 3))), "a ndarray, expected a tensor; torch.from_num"),
        ((NET, RIGHT["weights"], torch.zeros(2, 4)), r"\[2, 4\]; expected \[N, 3\]"),
        ((NET, RIGHT["weights"], torch.zeros(2, 3).long()), "torch.int64, expected floating-point"),
        (
            (NET, RIGHT["weights"], torch.zeros(2, 3).double()),
            "torch.float64, and `0.weight`",
        ),
        ((NET, {**RIGHT["weights"], "0.bias": 5}, torch.zeros(2, 3)), "'0.bias' is a int, expect"),
        ((NET, "/nowhere/w.safetensors", torch.zeros(2, 3)), "`weights`: .*w.safetensors"),
        (("/nowhere/net.yaml", RIGHT["weights"]), "`net`: there is no file"),
    ],
)
def test_a_network_in_torch_names_what_does_not_fit(given: Any, message: str) -> None:
    with pytest.raises(metanet.MetanetError, match=message):
        metanet.evaluate.run(*given)


def test_indices_are_checked() -> None:
    net = spec.loads(
        "inputs: {x: [4]}\nlayers: [{embedding: {num_embeddings: 7, embedding_dim: 3}}]"
    )
    weights = metanet.evaluate.initial_weights(net, torch.Generator())
    assert metanet.evaluate.run(net, weights, torch.full((2, 4), 6)).shape == (2, 4, 3)
    for wrong in (torch.full((2, 4), 7), torch.full((2, 4), -1), torch.zeros(2, 4)):
        with pytest.raises(metanet.MetanetError, match="input `x` .* 7 entries"):
            metanet.evaluate.run(net, weights, wrong)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_paths_and_names_are_taken_where_objects_are(tmp_path: Path, dtype: torch.dtype) -> None:
    (tmp_path / "net.yaml").write_text(MLP)
    weights = {
        name: tensor.to(dtype)
        for name, tensor in metanet.evaluate.initial_weights(NET, torch.Generator()).items()
    }
    save_file(weights, tmp_path / "w.safetensors")
    x = torch.rand(5, 3).to(dtype)
    expected = metanet.evaluate.run(NET, weights, x)
    for place in (tmp_path / "net.yaml", str(tmp_path / "net.yaml"), NET.resolved()):
        assert torch.equal(metanet.evaluate.run(place, tmp_path / "w.safetensors", x), expected)
        assert metanet.MLP(place, hidden=4).settings["net"] == NET.resolved()
        stacked = {name: tensor[None].float() for name, tensor in weights.items()}
        assert metanet.evaluate.run_stack(place, stacked, x.float()).shape == (1, 5, 2)
    assert metanet.MLP("mlp", hidden=4).settings["net"]["name"] == "mlp"


def test_graphs_are_taken_where_a_batch_is() -> None:
    model, editor = model_of("gmn"), model_of("gmn", editor=True)
    expected = model(batch())
    torch.testing.assert_close(model([graph(), graph()]), expected)
    torch.testing.assert_close(model(graph()), expected[:1])
    (edited,) = editor(graph())
    assert len(edited.graphs(graph())) == 1
    assert metanet.Batch.from_graphs(graph()).num_networks == 1


def test_a_model_names_another_dtype_and_device() -> None:
    model, double = model_of("gmn"), graph(dtype=np.float64)
    with pytest.raises(metanet.MetanetError, match=r"call model.double\(\), or batch.to\(torch.f"):
        model(double)
    with pytest.raises(metanet.MetanetError, match=r"float32 and this GMN torch.float64"):
        model.double()(graph())
    model(double)
    with pytest.raises(metanet.MetanetError, match="the batch is on meta and this GMN on cpu"):
        model(metanet.Batch.from_graphs(double).to("meta"))


def test_a_set_has_the_networks_that_it_has(tmp_path: Path) -> None:
    rows: list[Any] = [(NET, graph().weights(), {})] * 3
    stored = graphgen.GraphSet.write(tmp_path / "set", rows)
    assert metanet.Batch.from_set(stored, torch.tensor([2, 0]).tolist()).num_networks == 2
    assert metanet.Batch.from_set(stored, [-1]).num_networks == 1
    wrong: list[Any] = [[3], [-4], [0, 10**30], [0.0], ["0"], [True], 1, None, "0", [], {}]
    for indices in wrong:
        with pytest.raises(metanet.MetanetError):
            metanet.Batch.from_set(stored, indices)


@pytest.mark.parametrize(
    ("classes", "targets"),
    [
        (0, [1.0, torch.nan]),
        (0, [torch.inf, 0.0]),
        (2, [0, 2]),
        (2, [-1, 0]),
        (2, [0.5, 1.0]),
        (0, [1.0]),
    ],
)
def test_trees_refuse_targets_that_are_none(classes: int, targets: list[float]) -> None:
    model = metanet.StatNN(classes=classes, trees=2)
    features = torch.rand(2, model.features.shape[1])
    with pytest.raises(metanet.MetanetError, match="`targets`"):
        model.fit(features, torch.tensor(targets).float())
    model.load_state_dict({"features": features, "targets": torch.tensor(targets).float()})
    with pytest.raises(metanet.MetanetError, match="`targets`"):
        model.outputs(features)
    model.load_state_dict({"features": features[:, :3], "targets": torch.zeros(2)})
    with pytest.raises(metanet.MetanetError, match="`features`"):
        model.outputs(features)


def test_trees_answer_in_the_dtype_of_their_table() -> None:
    for classes in (0, 3):
        model = metanet.StatNN(classes=classes, trees=2)
        table = torch.rand(60, model.features.shape[1])
        model.fit(table, torch.arange(60) % 3)
        for dtype in (torch.float32, torch.float64):
            assert model.outputs(table.to(dtype)).dtype == dtype
