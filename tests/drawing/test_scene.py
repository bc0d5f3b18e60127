"""Scenes of all networks that there are: nothing is missing, nothing overlaps, wires end well."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from drawing.scene_checks import faults

import graphgen
import spec
from graphgen.drawing.scene import Scene, scene
from graphgen.sources import reference_networks
from graphgen.template import Template
from spec.testing.network import description

ROOT = Path(__file__).parents[2]
OTHERS = sorted((ROOT / "tests" / "graphgen" / "networks").glob("*.yaml"))
PUBLISHED = sorted((ROOT / "spec" / "nets" / "published").glob("*.yaml"))
KINDS = ("parameter", "computation")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", reference_networks())
def test_reference_networks(name: str, kind: str) -> None:
    template = graphgen.template(name, kind=kind)
    drawn = scene(template)
    assert faults(drawn, template) == []
    assert 0.5 <= drawn.width / drawn.height <= 2.5 or len({m.line for m in drawn.modules}) == 1


@pytest.mark.parametrize("path", [*OTHERS, *PUBLISHED], ids=lambda path: path.stem)
def test_other_networks(path: Path) -> None:
    template = graphgen.template(path)
    assert faults(scene(template), template) == []


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_random_networks(start: int) -> None:
    for seed in range(start, start + 25):
        net = spec.loads(description(Random(seed)))
        for kind in KINDS:
            template = graphgen.template(net, kind=kind)
            assert faults(scene(template), template) == [], (seed, kind)


def test_without_an_architecture() -> None:
    template = replace(graphgen.template("resnet"), net=None)
    drawn = scene(template)
    assert faults(drawn, template) == []
    assert [module.label for module in drawn.modules if module.titled] == ["layer1.0", "layer2.0"]


BREAKS = {
    "has 0 boxes": lambda s: replace(
        s, boxes=(s.boxes[0], replace(s.boxes[1], block=None), *s.boxes[2:])
    ),
    "has 0 wires": lambda s: replace(s, wires=s.wires[1:]),
    "overlap": lambda s: replace(
        s, boxes=(*s.boxes[:2], replace(s.boxes[2], x=s.boxes[1].x), *s.boxes[3:])
    ),
    "do not share": lambda s: replace(
        s, boxes=(*s.boxes[:2], replace(s.boxes[2], h=s.boxes[2].h / 2), *s.boxes[3:])
    ),
    "does not end": lambda s: replace(
        s, wires=(replace(s.wires[0], points=s.wires[0].points[:-1]), *s.wires[1:])
    ),
    "not orthogonal": lambda s: replace(
        s, wires=(replace(s.wires[0], points=((0.0, 0.0), (3.0, 4.0))), *s.wires[1:])
    ),
    "does not hold": lambda s: replace(s, modules=(replace(s.modules[0], w=9.0), *s.modules[1:])),
    "another order": lambda s: replace(
        s, boxes=(s.boxes[0], replace(s.boxes[1], row_order=(1, 0, *range(2, 8))), *s.boxes[2:])
    ),
    "in exactly one module": lambda s: replace(s, modules=s.modules[1:]),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_faults_are_found(fault: str) -> None:
    template = graphgen.template("resnet")
    drawn = scene(template)
    assert any(fault in found for found in faults(BREAKS[fault](drawn), template))


def test_deterministic() -> None:
    code = (
        "import graphgen, json\nfrom graphgen.drawing.scene import scene\n"
        "print(json.dumps([scene(graphgen.template(n)).plain() for n in ('bert', 'densenet')]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 1000


def lines_of(drawn: Scene, template: Template, layer: str) -> set[int]:
    inside = [box for box in drawn.boxes if template.node_groups[box.group].name.startswith(layer)]
    return {drawn.modules[box.module].line for box in inside}


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("gpt2", ["h.0", "h.1"]),
        ("resnet", ["layer1.0", "layer2.0"]),
        ("mixer", ["1.", "2.", "3.", "4."]),
        ("densenet", [f"features.denseblock{i}.denselayer{k}" for i in (1, 2) for k in (1, 2)]),
        ("convnext", ["stages.0", "stages.1"]),
        ("unet", ["down0", "down1", "middle", "up1", "up0"]),
    ],
)
def test_a_line_a_module(name: str, modules: list[str]) -> None:
    template = graphgen.template(name)
    drawn = scene(template)
    lines = [lines_of(drawn, template, module) for module in modules]
    assert all(len(found) == 1 for found in lines)
    assert len(set.union(*lines)) == len(modules)


def test_columns_are_shared() -> None:
    """Layers that are built alike stand below one another: the same x, box by box."""
    template = graphgen.template(spec.load(ROOT / "spec" / "nets" / "gpt2.yaml", depth=5))
    drawn = scene(template)
    layers = [[b.x for b in drawn.boxes if b.module == m.id] for m in drawn.modules if m.titled]
    assert len(layers) == 5
    # The last layer has the last norm's strips too.
    assert all(layer == layers[0] for layer in layers[:-1])
    assert layers[-1][: len(layers[0]) - 1] == layers[0][:-1]


def test_residual_wires() -> None:
    template = graphgen.template("resnet")
    drawn = scene(template)
    kinds = {template.blocks[wire.block].name: wire.kind for wire in drawn.wires}
    assert kinds["layer1.0.8:identity"] == "residual"
    assert kinds["layer2.0.conv1.weight"] == "in"
    concat = scene(graphgen.template("densenet"))
    assert {wire.kind for wire in concat.wires} == {"in", "free"}


def test_real_sizes() -> None:
    """GPT-2 small: twelve layers on twelve lines, on one screen."""
    sizes = {"vocabulary": 50257, "length": 1024, "width": 768, "heads": 12, "depth": 12}
    template = graphgen.template(spec.load(ROOT / "spec" / "nets" / "gpt2.yaml", **sizes))
    drawn = scene(template)
    assert faults(drawn, template) == []
    titled = [module for module in drawn.modules if module.titled]
    assert [module.label for module in titled] == [f"h.{i}" for i in range(12)]
    assert len({module.line for module in titled}) == 12
    assert 0.8 <= drawn.width / drawn.height <= 2.5
    assert drawn.width < 1400
    assert min(module.h for module in titled) >= 12
