"""The guide tells every layer, its examples run, and its pages in `docs/layers` are fresh."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import graphgen
import spec
import spec.guide
from graphgen.testing import random_inputs, random_weights
from pipelines.cli import main
from spec.fields import number
from spec.guide.families import OTHERS, by_family
from spec.guide.fields import meaning
from spec.guide.pages import texts, write
from spec.guide.papers import PAPERS
from spec.layer import Layer, Scope, Value
from spec.primitives import PRIMITIVES

DOCS = Path(__file__).parents[2] / "docs"
REMADE = "run `python -m spec.guide`"
NAMES = sorted(spec.LAYERS)


def test_every_layer_is_in_one_family() -> None:
    told = [name for family in spec.guide.FAMILIES.values() for name in family]
    assert sorted(told) == NAMES, "spec/guide/families.py lists every layer once"
    assert PAPERS.keys() <= set(NAMES)


def test_the_pages_are_fresh() -> None:
    expected = texts()
    found = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("layers/*.md")}
    assert found.keys() == expected.keys(), REMADE
    for name, text in expected.items():
        assert found[name] == text, f"docs/layers/{name} is old: {REMADE}"


def test_pages_are_written_and_old_ones_deleted(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("# gone\n")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == texts().keys()


def test_a_page_follows_its_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Other(spec.LAYERS["tanh"]):  # type: ignore[name-defined,misc]
        """Another function."""

        slope: float = number(default=0.7, summary="what it is multiplied by")

    before = spec.guide.page("tanh")
    monkeypatch.setitem(spec.LAYERS, "tanh", Other)
    after = spec.guide.page("tanh")
    assert before != after
    assert re.search(r"\| `slope` *\| number *\| `0.7` *\| what it is multiplied by *\|", after)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_layer_runs_and_is_what_its_page_says(name: str) -> None:
    text, page = spec.guide.example(name), spec.guide.page(name)
    assert f"```yaml\n{text}```" in page
    net = spec.loads(text)
    rng = np.random.default_rng(0)
    inputs = random_inputs(net, rng)
    y = np.asarray(graphgen.evaluate(net, random_weights(net, rng), *inputs))
    assert f"`{['N', *y.shape[1:]]}`".replace("'", "") in page
    layer = net.layers[-1]
    assert layer.type == name
    for field in dataclasses.fields(spec.LAYERS[name]):
        assert f"| `{field.name}`" in page
        assert meaning(field), f"`{field.name}` needs a `summary`, or a line in MEANINGS"
    for local in layer.tensors:
        assert f"| `{local}`" in page
    for operation in net.operations:
        assert f"\n{operation.primitive.name}(" in page


def test_layers_of_ones_own_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Own(Layer):
        """Nothing at all."""

        def expand(self, scope: Scope, *inputs: Value) -> Value:
            return inputs[0]

    monkeypatch.setitem(spec.LAYERS, "own", Own)
    monkeypatch.setattr(Own, "type", "own")
    assert spec.guide.listing().rstrip().split(f"{OTHERS}\n")[1].split() == [
        "own", "Nothing", "at", "all.",
    ]  # fmt: skip
    assert "It has no fields." in spec.guide.page("own")
    assert "own.md" not in texts()
    assert OTHERS not in dict(by_family(own=False))


def test_the_primitives_are_those_of_the_registry() -> None:
    page = (DOCS / "layers" / "primitives.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)$", page, re.M) == [p.name for p in PRIMITIVES]
    for path in [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"primitives are (?!few)\w+:|\b(six|fifteen) primitives", text), path


def test_the_command_lists_layers_and_tells_about_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["layers"])
    out = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", out, re.M) for name in NAMES)
    main(["layers", "conv2d"])
    assert capsys.readouterr().out == spec.guide.page("conv2d")
    with pytest.raises(SystemExit, match="2"):
        main(["layers", "Dense"])
    assert capsys.readouterr().err.strip() == (
        "Error: no layer is called 'Dense'; did you mean 'linear'? (`gmn layers` lists all)"
    )
