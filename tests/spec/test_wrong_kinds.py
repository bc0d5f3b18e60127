"""Values of a wrong kind anywhere in a description, a resolved form or the variables given."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import spec
import spec.expand
from spec.testing.examples import EXAMPLES, example_texts

NETS = sorted((Path(spec.__file__).parent / "nets").glob("*.yaml"))
EVERYTHING = """
name: everything
vars: {width: 4, act: relu, norm: {group_norm: {num_groups: 2}}, list: [1, 2]}
inputs: {x: [4], y: [4]}
blocks:
  gate:
    inputs: [new, old]
    args: {size: 4, act: sigmoid}
    layers:
      - linear: {out_features: $size, inputs: new, name: a, parameters: {weight: w.$size}}
      - $act: {name: share}
      - multiply: {inputs: [share, old]}
  plain:
    layers: [$norm, relu]
layers:
  - gate: {inputs: [x, y], name: g, size: "${width}"}
  - repeat: {times: 2, index: k, layers: [{linear: {out_features: "${4 + k}"}}, $act]}
  - linear: {out_features: 4, bias: false, in_features: 5, output_shape: [4], when: true}
  - residual: {body: [{linear: {out_features: 6}}], shortcut: auto, name: r}
  - residual: {body: [relu], shortcut: [{linear: {out_features: 6}}]}
  - parallel: {branches: [[relu], [tanh]], merge: concat, dim: 1}
  - sequential: {name: s, layers: [plain, {linear: {out_features: "${list[1]}", when: false}}]}
outputs: [s, g]
"""
WRONG: tuple[Any, ...] = (
    None, True, -1, 0, 3, 1.5, math.nan, math.inf, 2**63, 10**25, "", "a", "$width", "${",
    "$nothing", "${1 / 0}", "${9 ** 9 ** 9}", "x" * 2_000, [], [None], ["x", 3], [[1]], [1] * 2_000,
    {}, {"a": 1}, {"relu": 5}, {"linear": {"parameters": [3]}},
)  # fmt: skip
Loader = Callable[..., spec.Architecture]


def places(tree: Any) -> Iterator[tuple[str | int, ...]]:
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield (key,)
            yield from ((key, *rest) for rest in places(tree[key]))


def with_value(tree: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(tree)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = copy.deepcopy(value)
    return changed


def refuses(load: Loader, *arguments: Any, **variables: Any) -> bool:
    """Say whether there is a `SpecError`, all of whose problems have places; else it loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", spec.UnusedWarning)
        try:
            net = load(*arguments, **variables)
        except spec.SpecError as error:
            for problem in error.problems:
                first = str(problem).splitlines()[0]
                assert first.startswith("<text>:" if problem.mark else "<resolved form>:"), first
                assert len(str(problem)) < 4_000
            return True
    assert spec.from_resolved(net.resolved()).hash == net.hash
    assert str(net)
    return False


def refused_share(tree: Any, load: Callable[[Any], spec.Architecture], step: int = 1) -> float:
    """Put every wrong value in every place, or every `step`-th, and give how many are refused."""
    outcomes = [
        refuses(load, with_value(tree, path, value))
        for number, path in enumerate(places(tree))
        for value in WRONG[number % step :: step]
    ]
    return sum(outcomes) / len(outcomes)


def dumped(tree: Any) -> spec.Architecture:
    return spec.loads(yaml.safe_dump(tree, sort_keys=False))


def test_a_wrong_kind_anywhere_is_refused_with_its_place() -> None:
    tree = yaml.safe_load(EVERYTHING)
    assert not refuses(dumped, tree)
    assert 0.7 < refused_share(tree, dumped, step=23) < 1


@pytest.mark.long
def test_every_wrong_kind_anywhere_is_refused() -> None:
    assert 0.7 < refused_share(yaml.safe_load(EVERYTHING), dumped) < 1
    assert 0.7 < refused_share(spec.loads(EVERYTHING).resolved(), spec.from_resolved) < 1


def test_a_wrong_kind_anywhere_in_a_resolved_form_is_refused() -> None:
    form = spec.loads(EVERYTHING).resolved()
    assert not refuses(spec.from_resolved, form)
    assert 0.7 < refused_share(form, spec.from_resolved, step=29) < 1


@pytest.mark.parametrize("type_", sorted(EXAMPLES))
def test_a_wrong_kind_of_a_field_is_refused(type_: str) -> None:
    tree = yaml.safe_load(example_texts(type_)[0])
    (entry,) = [place for place in places(tree) if place[-1] == type_][:1]
    for path in places(tree):
        if path[: len(entry)] == entry:
            assert any(refuses(dumped, with_value(tree, path, value)) for value in WRONG[::3])


@pytest.mark.long
@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_a_wrong_kind_in_a_reference_network_is_refused(path: Path) -> None:
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert 0.6 < refused_share(tree, dumped, step=9) < 1


@pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)
def test_a_wrong_kind_of_a_variable_is_refused(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = yaml.safe_load(text)["vars"]
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    others = (object(), {3: 4}, deep, b"x", 10**400, "\ud800", 1j)
    for name in names:
        assert all(refuses(spec.loads, text, **{name: value}) for value in others)
        assert any(refuses(spec.loads, text, **{name: value}) for value in WRONG[::6])


def test_an_entry_that_a_variable_holds_is_checked_as_one_that_is_written() -> None:
    text = "vars: {entry: relu}\ninputs: {x: [4]}\nlayers: [$entry]"
    for entry in (
        {"linear": {"parameters": [3], "out_features": 3}}, {"residual": {"body": 5}},
        {"parallel": {"branches": [5, 5]}}, {"repeat": {"times": 2, "layers": 5}},
        {"sequential": {}}, {"linear": {"inputs": 5, "out_features": 2}}, {"linear": {"q": 2}},
    ):  # fmt: skip
        assert refuses(spec.loads, text, entry=entry)
    assert not refuses(spec.loads, text, entry={"residual": {"body": ["relu"]}})


@pytest.mark.parametrize("name", ["", "x" * 1_001])
def test_names_have_from_one_to_a_thousand_characters(name: str) -> None:
    for text in (
        f"inputs: {{{name or repr('')}: [3]}}\nlayers: [relu]",
        f"inputs: {{x: [3]}}\nlayers: [{{relu: {{name: {name!r}}}}}]",
        f"inputs: {{x: [3]}}\nlayers: [{{prelu: {{parameters: {{weight: {name!r}}}}}}}]",
        f"vars: {{n: {name!r}}}\ninputs: {{x: [3]}}\nlayers: [{{relu: {{name: $n}}}}]",
        f"vars: {{n: {name!r}}}\ninputs: {{x: [3]}}\nlayers: "
        "[{prelu: {parameters: {weight: $n}}}]",
    ):
        assert refuses(spec.loads, text), text
        right = text.replace(name, "a") if name else text.replace("''", "a")
        assert not refuses(spec.loads, right)


@pytest.mark.parametrize("value", [None, 3, [], "text", {}, {3: 4}, object(), b"x"])
def test_what_is_no_form_text_or_path_is_refused(value: Any) -> None:
    for load in (spec.from_resolved, spec.loads, spec.load):
        with pytest.raises(spec.SpecError):
            load(value)


def test_a_form_that_holds_itself_is_refused() -> None:
    form: dict[str, Any] = {"inputs": {"x": [3]}, "layers": []}
    form["layers"].append({"sequential": form})
    with pytest.raises(spec.SpecError, match="nested deeper than 64 levels"):
        spec.from_resolved(form)


def test_the_rule_sees_another_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = yaml.safe_load(EVERYTHING)
    monkeypatch.setattr(spec.expand, "mapping", lambda value: value)
    with pytest.raises((AttributeError, TypeError)):
        refused_share({**tree, "layers": []}, dumped)
