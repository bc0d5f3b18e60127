"""Settings: every option of a model, resolved, checked, and enough to make it again."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import torch

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet.models.configured import ConfiguredModule
from metanet.models.gmn.trunk import TrunkOptions
from metanet.models.side_inputs import SideInputs
from metanet.options import BACKENDS, INGREDIENTS, OPTIONS, OUTPUTS, STATISTICS
from metanet.testing import predict

NET = spec.loads(
    "inputs: {x: [3]}\nlayers: [{linear: {out_features: 4}}, tanh, {linear: {out_features: 2}}]"
)
CLASSES: dict[str, type[ConfiguredModule]] = {
    **metanet.METANETS, **{f"editor {name}": kind for name, kind in metanet.EDITORS.items()}
}  # fmt: skip
OTHER: dict[str, Any] = {
    "hidden": 12, "layers": 6, "outputs": 3, "members": 2, "heads": 2, "kernel_taps": 5,
    "channels": 2, "conditions": 1, "probes": 3, "node_features": 1, "dropout": 0.5,
    "edge_hidden": 5, "form": "paper", "learned_inputs": 8,
    "fan_in_power": 0.25, "backend": "pyg", "taps": "parallel", "aggregation": "sum",
    "activation": "relu", "readout": ("variance", "outputs"), "without": ("heads", "activations"),
    "norm": False, "multiply": True, "global_state": False, "positions": False,
    "standardise_probes": True, "checkpoint": True, "augment": False, "bidirectional": True,
    "folded": True, "align": True,
    "net": NET, "trees": 7, "learning_rate": 0.5, "leaves": 3, "min_samples_leaf": 2, "l2": 0.0,
    "features_per_split": 1.0, "seed": 5, "classes": 3,
    "metanet": "deepsets", "settings": {"hidden": 8}, "views": ["spectra"], "width": 5, "bins": 3,
    "view_dropout": 0.5,
}  # fmt: skip
"""A value of each option that is not its default."""
DEFAULTS = [
    (name, option)
    for name, kind in CLASSES.items()
    for option, parameter in inspect.signature(kind).parameters.items()
    if parameter.default is not inspect.Parameter.empty
]


def given(kind: type[ConfiguredModule], option: str = "") -> dict[str, Any]:
    own = inspect.signature(kind).parameters
    wanted = own["net"].default is inspect.Parameter.empty if "net" in own else False
    return (
        {"net": NET} if "net" in own and (wanted or option in ("probes", "learned_inputs")) else {}
    )


def make(name: str, **settings: Any) -> Any:
    editor = name.startswith("editor ")
    factory = metanet.make_editor if editor else metanet.make_metanet
    return factory(name.removeprefix("editor "), **settings)


def answer(model: Any) -> torch.Tensor:
    """Give what a model says of two networks, with all that it may read beside them."""
    rng = np.random.default_rng(0)
    graphs = [graphgen.compile(NET, random_weights(NET, rng, np.float32)) for _ in range(2)]
    batch, settings = metanet.Batch.from_graphs(graphs), model.settings
    if settings.get("channels", 1) > 1:
        batch = batch.with_channels([part.values.square() for part in batch.parts])
    if settings.get("conditions"):
        batch = batch.with_conditions(torch.ones(2, settings["conditions"]))
    if settings.get("node_features"):
        nodes = batch.parts[0].template.num_nodes
        batch = batch.with_nodes([torch.ones(nodes, settings["node_features"])] * 2)
    if isinstance(model, metanet.Metanet):
        return predict(model, batch)
    with torch.no_grad():
        return torch.cat([edited.parts[0].values for edited in model.eval()(batch)])


def trained(model: Any) -> Any:
    if isinstance(model, metanet.StatNN):
        generator = torch.Generator().manual_seed(0)
        model.fit(
            torch.randn(60, model.features.shape[1], generator=generator),
            torch.randint(3, (60,), generator=generator),
        )
    return model


@pytest.mark.parametrize("name", CLASSES)
def test_settings_are_all_arguments_and_plain(name: str) -> None:
    model = make(name, **given(CLASSES[name]))
    parameters = inspect.signature(CLASSES[name]).parameters
    assert list(model.settings) == list(parameters)
    assert set(parameters) <= set(OPTIONS) == set(OTHER)
    assert all(p.kind is not p.VAR_KEYWORD for p in parameters.values())
    assert json.loads(json.dumps(model.settings, allow_nan=False)) == model.settings
    if name.endswith("gmn") and "scale" not in name:
        assert {field.name for field in fields(TrunkOptions)} <= set(parameters)
    elif "standardise_probes" in parameters:
        assert {field.name for field in fields(SideInputs)} <= set(parameters)


def test_a_part_s_options_are_defaults_in_one_place() -> None:
    for name in ("gmn", "editor gmn"):
        parameters = inspect.signature(CLASSES[name]).parameters
        for field in fields(TrunkOptions):
            assert parameters[field.name].default == getattr(TrunkOptions(), field.name)


@pytest.mark.parametrize(("name", "option"), DEFAULTS)
def test_a_model_outlives_its_defaults(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, more = CLASSES[name], given(CLASSES[name], option)
    model = trained(make(name, **more))
    expected = answer(model)
    saved = json.loads(json.dumps(model.settings))
    constructor: Any = kind.__init__
    names = list(inspect.signature(kind).parameters)
    if option in (constructor.__kwdefaults__ or {}):
        changed = {**constructor.__kwdefaults__, option: OTHER[option]}
        monkeypatch.setattr(constructor, "__kwdefaults__", changed)
    else:
        defaults = list(constructor.__defaults__)
        positional = names[: constructor.__code__.co_argcount - 1]
        defaults[positional.index(option) - len(positional)] = OTHER[option]
        monkeypatch.setattr(constructor, "__defaults__", tuple(defaults))
    again = make(name, **saved)
    assert again.settings == saved
    again.load_state_dict(model.state_dict())
    assert torch.equal(answer(again), expected)
    if option == "standardise_probes":
        more = {**more, "probes": 2, "net": NET}
    assert make(name, **more).settings[option] != saved[option]


def test_a_model_that_kept_less_would_not_outlive_its_defaults() -> None:
    class Later(metanet.Metanet):
        def __init__(self, hidden: int = 8) -> None:
            super().__init__()
            self.hidden = hidden

    assert Later().settings == {"hidden": 8}
    saved: dict[str, Any] = {}
    constructor: Any = Later.__init__
    constructor.__defaults__ = (9,)
    assert Later(**saved).hidden == 9


WRONG: dict[str, list[Any]] = {
    "integer": [-1, 10**18, 10**5000, "a", "4", float("nan"), 2.0, True, None, [4], {"a": 1}],
    "number": [float("nan"), float("inf"), 10**400, "a", True, None, [0.5], -5, 1e300],
    "flag": [0, 1, "true", None, []],
    "name": ["median", "", 3, None, ["mean"], {}],
    "names": [["median"], "median", 3, None, [3], [["mean"]], ["mean", "mean"], {"mean": 1}],
    "mapping": [-1, "a", 2.0, True, [4], {1: 2}],
    "net": [5, "missing.yaml", [], {}, {"layers": 10**18}, {"inputs": {"x": [10**30]}}, b"x"],
}
KINDS = {
    "backend": "name", "taps": "name", "aggregation": "name", "activation": "name",
    "readout": "names", "without": "names", "net": "net", "dropout": "number",
    "fan_in_power": "number", "learning_rate": "number", "l2": "number",
    "features_per_split": "number", "view_dropout": "number", "settings": "mapping",
}  # fmt: skip
ZERO = {
    "hidden",
    "layers",
    "outputs",
    "members",
    "heads",
    "kernel_taps",
    "channels",
    "trees",
    "width",
    "bins",
}


def wrong_values(option: str) -> list[Any]:
    flags = {"norm", "multiply", "global_state", "positions", "standardise_probes", "checkpoint",
             "augment", "align", "bidirectional", "folded"}  # fmt: skip
    kind = "flag" if option in flags else KINDS.get(option, "integer")
    more: dict[str, list[Any]] = {
        "dropout": [1.0, 2],
        "view_dropout": [1.0],
        "readout": [[], "outputs"],
    }
    return [*WRONG[kind], *[0 for _ in {option} & ZERO], *more.get(option, [])]


@pytest.mark.parametrize("name", CLASSES)
def test_a_wrong_value_is_named_at_once(name: str) -> None:
    kind = CLASSES[name]
    fixed = given(kind)
    for option, parameter in inspect.signature(kind).parameters.items():
        for value in wrong_values(option):
            if value is None and "None" in str(parameter.annotation):
                continue
            start = perf_counter()
            with pytest.raises(metanet.MetanetError, match=f"`{option}`") as caught:
                make(name, **{**fixed, option: value})
            assert perf_counter() - start < 1
            assert option == "net" or ", expected " in str(caught.value)
            assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("name", CLASSES)
def test_a_model_that_is_too_large_is_never_made(name: str) -> None:
    parameters = inspect.signature(CLASSES[name]).parameters
    large: dict[str, Any] = {
        n: v
        for n, v in {"hidden": 65536, "layers": 1000}.items()
        if n in parameters or name == "viewed"
    }
    if not large:
        assert name == "statnn"
        return
    if name == "viewed":
        large = {"settings": large}
    start = perf_counter()
    with pytest.raises(metanet.MetanetError, match=r"hidden=65536.* more than 2147483648 numbers"):
        make(name, **given(CLASSES[name]), **large)
    assert perf_counter() - start < 5


def test_a_large_network_makes_no_large_model() -> None:
    net = spec.loads("inputs: {x: [20000]}\nlayers: [{linear: {out_features: 20000}}]")
    with pytest.raises(metanet.MetanetError, match="more than 2147483648 numbers"):
        metanet.MLP(net, augment=False)


def test_an_unknown_option_says_which_is_meant() -> None:
    for name, kind in CLASSES.items():
        with pytest.raises(metanet.MetanetError, match="does not take these settings: wide; "):
            make(name, **given(kind), wide=3)
    with pytest.raises(metanet.MetanetError, match="hiden; did you mean 'hidden'.* known: hidde"):
        metanet.GMN(hiden=8)  # type: ignore[call-arg]
    with pytest.raises(metanet.MetanetError, match="missing a required argument: 'net'; known: n"):
        metanet.NPNFN()  # type: ignore[call-arg]
    with pytest.raises(metanet.MetanetError, match="multiple values for argument 'hidden'"):
        metanet.GMN(8, hidden=8)  # type: ignore[misc]
    with pytest.raises(metanet.MetanetError, match="unknown metanet 'gnm'; did you mean 'gmn'"):
        metanet.make_metanet("gnm")


def test_names_are_those_that_the_models_know() -> None:
    for backend in BACKENDS:
        assert metanet.GMN(8, 1, backend=backend).trunk.backend.name == backend
    for statistic in STATISTICS:
        assert answer(metanet.GMN(8, 1, readout=[statistic, OUTPUTS])).isfinite().all()
    for ingredient in INGREDIENTS:
        assert answer(metanet.GMN(8, 1, without=[ingredient])).isfinite().all()


def test_values_of_other_libraries_become_plain() -> None:
    given: dict[str, Any] = {"hidden": np.int64(8), "dropout": np.float32(0.5)}
    model = metanet.GMN(**given, layers=1, without="heads")
    assert model.settings["hidden"] == 8
    assert type(model.settings["hidden"]) is int
    assert type(model.settings["dropout"]) is float
    assert model.settings["without"] == ["heads"]


def test_a_model_of_ones_own_keeps_its_settings() -> None:
    class Own(metanet.Metanet):
        def __init__(self, activation: str = "gelu", *, net: Any = None, **more: Any) -> None:
            super().__init__()

    class Fine(metanet.Metanet):
        def __init__(self, activation: str = "gelu", *, net: Any = None) -> None:
            super().__init__()

    assert Fine(net=NET).settings == {"activation": "gelu", "net": NET.resolved()}
    with pytest.raises(metanet.MetanetError, match="name each argument"):
        Own()
    with pytest.raises(metanet.MetanetError, match="`net` is an object, expected plain data"):
        Fine(net=object())


def test_the_first_draw_of_a_model_is_the_one_that_counts() -> None:
    torch.manual_seed(0)
    first = metanet.DeepSets(hidden=8)
    torch.manual_seed(0)
    with torch.no_grad():
        expected = torch.nn.Linear(first.value.in_features, 8).weight
    assert torch.equal(first.value.weight, expected)
