from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

import graphgen
import spec
import spec.json_schema
from spec.layer import LAYERS
from spec.testing import architectures, networks, single_layers

NETS = sorted((Path(spec.__file__).parent / "nets").glob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(spec.json_schema.architecture_schema())


def check_loads_again(net: spec.Architecture) -> None:
    plain = net.resolved()
    texts = {
        "yaml": yaml.safe_dump(plain),
        "json": json.dumps(plain),
        "flow": yaml.safe_dump(plain, default_flow_style=True, sort_keys=False),
    }
    forms = [spec.from_resolved(plain), *(spec.loads(text) for text in texts.values())]
    for again in forms:
        assert again.hash == net.hash
        assert again.resolved() == plain
        assert again.operations == net.operations
        assert list(again.tensors.values()) == list(net.tensors.values())
        assert again.outputs == net.outputs
        assert again.output_shapes == net.output_shapes
        assert str(again) == str(net)


@given(networks())
def test_the_resolved_form_loads_again(net: spec.Architecture) -> None:
    check_loads_again(net)


@pytest.mark.long
@settings(max_examples=200)
@given(networks())
def test_the_resolved_form_loads_again_long(net: spec.Architecture) -> None:
    check_loads_again(net)


@given(architectures())
def test_authored_and_resolved_forms_fit_the_schema(text: str) -> None:
    VALIDATOR.validate(yaml.safe_load(text))
    resolved = spec.loads(text).resolved()
    VALIDATOR.validate(json.loads(json.dumps(resolved)))


@given(architectures())
def test_a_description_has_one_meaning(text: str) -> None:
    net = spec.loads(text)
    assert net.hash == spec.loads(text).hash == spec.loads(text + "\n# a comment\n").hash
    renamed = spec.loads(text.replace("name: random", "name: other", 1))
    assert renamed.hash == net.hash
    assert (net.name, renamed.name) == ("random", "other")


def variants(value: Any) -> list[Any]:
    """Other values of the same kind."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        less = value / 2 if isinstance(value, float) else max(1, value - 2)
        return [value + 1, value * 2, less, 1]
    if value is None:
        return [0.25]
    if isinstance(value, list):
        if not all(isinstance(item, int | float) for item in value):
            return [value[:1]]
        return [[size * 2 for size in value], [size + 1 for size in value], [1 for _ in value]]
    if "->" in value:
        return [value[:-1]]
    return ["normal", "tanh", "none", "relu", "max", "mean", "sum", "multiply", "concat", "linear",
            "replicate", "zeros", "yarn", "dynamic", "layer_norm",
            "ones", "normal", "head", "all"]  # fmt: skip


# What the input alone, or two fields together, decide.
DECIDED = {
    *("in_features", "in_channels", "num_features", "num_channels", "normalized_shape"),
    *("in1_features", "in2_features", "input_size", "embed_dim", "kdim", "vdim"),
    *("start_dim", "end_dim", "shape", "sizes", "sections", "unflattened_size", "window_size"),
}


@pytest.mark.parametrize("type_", sorted(LAYERS))
def test_the_hash_changes_with_every_field(type_: str) -> None:
    seen = set()

    @settings(max_examples=50, suppress_health_check=[HealthCheck.large_base_example])
    @given(single_layers(type_))
    def change(text: str) -> None:
        net = spec.loads(text)
        plain = net.resolved()
        for field in LAYERS[type_].field_names():
            value = plain["layers"][0][type_][field]
            for other in variants(value):
                changed = copy.deepcopy(plain)
                changed["layers"][0][type_][field] = other
                del changed["layers"][0][type_]["output_shape"]
                changed["layers"][0][type_].pop("parameters", None)
                if other == value:
                    continue
                try:
                    twin = spec.from_resolved(changed)
                except spec.SpecError:
                    continue
                seen.add(field)
                assert twin.hash != net.hash

    change()
    needed = set(LAYERS[type_].field_names()) - DECIDED
    missing = needed - seen - ({"dims"} if type_ == "permute" else set())
    assert not missing


def test_the_hash_changes_with_everything_else_that_matters() -> None:
    text = """
inputs: {a: [4], b: [4]}
layers:
  - linear: {out_features: 4, inputs: a, name: p}
  - relu: {name: q}
  - linear: {out_features: 4, inputs: b, name: r}
  - add: {inputs: [q, r], name: s}
outputs: [s, p, b]
"""
    net = spec.loads(text)
    for old, new in (
        ("{a: [4], b: [4]}", "{b: [4], a: [4]}"),
        ("{a: [4], b", "{a: [5], b"),
        ("inputs: b, name: r", "inputs: a, name: r"),
        ("[q, r]", "[r, q]"),
        ("[s, p, b]", "[p, s, b]"),
        ("[s, p, b]", "[s, b]"),
        ("name: p}", "name: p, parameters: {weight: w}}"),
        ("name: r}", "name: r, parameters: {weight: p.weight}}"),
        ("- relu", "- gelu"),
        ("  - add: {inputs: [q, r]", "  - tanh: {name: t}\n  - add: {inputs: [q, t]"),
    ):
        assert old in text
        assert spec.loads(text.replace(old, new, 1)).hash != net.hash
    assert spec.loads(text.replace("inputs: b, name: r", "name: r, inputs: [b]")).hash == net.hash


def test_a_changed_shape_in_a_resolved_form_is_found() -> None:
    plain = spec.loads("inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}]").resolved()
    plain["layers"][0]["linear"]["output_shape"] = [5]
    with pytest.raises(spec.SpecError, match=r"`output_shape` says \[N, 5\], the layer gives"):
        spec.from_resolved(plain)


def test_names_with_a_dollar_survive() -> None:
    net = spec.loads(
        'inputs: {x: [4]}\nlayers:\n  - linear: {out_features: 4, name: "a$$b"}\n'
        '  - relu: {inputs: "a$$b"}\n'
        '  - linear: {out_features: 4, parameters: {weight: "a$$b.weight", bias: "$${1}"}}\n'
    )
    assert list(net.tensors) == ["a$b.weight", "a$b.bias", "${1}"]
    check_loads_again(net)


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_every_shipped_network_loads_and_compiles(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schema/architecture.schema.json\n")
    assert (path.parent / "../schema/architecture.schema.json").is_file()
    VALIDATOR.validate(yaml.safe_load(text))
    net = spec.load(path)
    assert net.name == path.stem
    check_loads_again(net)
    assert graphgen.symmetries(net).order > 1


CLASSIFIERS = [path for path in NETS if path.stem in ("mlp", "cnn", "residual_cnn")]
OTHERS = [path for path in NETS if path not in CLASSIFIERS]


@pytest.mark.parametrize("path", CLASSIFIERS, ids=lambda path: path.stem)
def test_variables_change_a_shipped_network(path: Path) -> None:
    net = spec.load(path)
    hashes = {net.hash}
    for changes in ({"width": 12}, {"classes": 7}, {"size": 16}, {"activation": "gelu"},
                    {"norm": "layer_norm"}, {"channels": 3}):  # fmt: skip
        hashes.add(spec.load(path, **changes).hash)
    assert len(hashes) == 7
    assert spec.load(path, width=12).hash == spec.load(path, width="${2 * 6}").hash
    with pytest.raises(spec.SpecError, match="no variable 'widht' here; the variables are: "):
        spec.load(path, widht=3)
    assert spec.load(path, classes=7).output_shapes == ((7,),)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_every_variable_changes_a_shipped_network(path: Path) -> None:
    net = spec.load(path)
    for name, value in yaml.safe_load(path.read_text(encoding="utf-8"))["vars"].items():
        hashes = set()
        for other in [*variants(value), *([value * 3] if isinstance(value, int) else [])]:
            try:
                hashes.add(spec.load(path, **{name: other}).hash)
            except (spec.SpecError, TypeError):
                continue
        assert hashes - {net.hash}, name


def test_the_shipped_schema_is_fresh() -> None:
    assert spec.json_schema.SCHEMA_FILE.read_text(encoding="utf-8") == spec.json_schema.text(), (
        "run `python -m spec.json_schema`"
    )
    VALIDATOR.check_schema(spec.json_schema.architecture_schema())
    assert not VALIDATOR.is_valid({"inputs": {"x": [3]}, "layers": [{"linear": {"bias": True}}]})
