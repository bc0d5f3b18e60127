"""Smaller and wider networks as files: units chosen by their names and scores, and left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

import graphgen
from graphgen.files import atomic_path, claim_file, write_weights
from graphgen.surgery.prune import Network, chosen_of, now
from graphgen.surgery.resizing import Resized
from graphgen.surgery.variables import said
from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from graphgen.units.branches import Branch
    from graphgen.units.families import Family, Unit
    from spec import Architecture

Scores = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Left:
    """A family that was left as it is, though it was among those to change, and why."""

    family: str
    why: str


@dataclass(frozen=True)
class Written:
    """A network that was changed and written.

    Attributes:
        out: the file of its architecture.
        weights: that of its weights.
        before: how many parameters the network had.
        after: how many it has.
        variables: the values by which the given file says it, or none.
        changed: how many units each family has lost or won.
        left: families that were left as they are.
    """

    out: Path
    weights: Path
    before: int
    after: int
    variables: dict[str, Any] | None
    changed: dict[str, int]
    left: list[Left]


def families_like(found: graphgen.Units, patterns: Sequence[str]) -> list[str]:
    """List the families that patterns such as `layer1.*/channel` name; without any, no branches."""
    if not patterns:
        return [*found.families]
    names = [*found.families, *found.branches]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) or name == pattern for name in names):
            shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            raise PipelineError(f"no family of units is like {pattern!r}; there are {shown}")
    return [n for n in names if any(fnmatchcase(n, p) or n == p for p in patterns)]


def chosen(
    found: graphgen.Units,
    scores: Scores,
    *,
    share: float | None = None,
    only: Sequence[str] = (),
    keep: Mapping[str, int] | None = None,
    drop: Sequence[str] = (),
) -> tuple[list[Unit | Branch], list[Left]]:
    """Choose the units that go: those of the lowest scores, and those that are named.

    `share` of each family that `only` names, or all but the `keep` best of a family; `drop` are
    names of units. Families that no layer could say without their units are left whole, and told,
    if no pattern asks for them.
    """
    counts = dict.fromkeys(families_like(found, only), share or 0.0) if share is not None else {}
    for pattern, number in (keep or {}).items():
        for name in families_like(found, [pattern]):
            size = (found.branches.get(name) or found[name]).size
            if not 0 < number <= size:
                raise PipelineError(f"--keep {name}={number}: expected 1 to {size}")
            counts[name] = 1 - number / size
    for name in counts:
        if name not in scores:
            raise PipelineError(f"there are no scores of {name}")
    gone: list[Unit | Branch] = []
    for name, part in counts.items():
        # A hair more, so that 1 - 3 / 10 of 10 are 7.
        gone += graphgen.lowest(found.net, {name: scores[name]}, share=min(part + 1e-9, 1 - 1e-9))
    whole = [] if only or share is None else unsaid(found, gone, set(keep or {}))
    names = {each.family for each in whole}
    gone = [unit for unit in gone if unit.family.name not in names]
    gone += [unit for unit in map(found.unit, drop) if unit not in gone]
    return gone, whole


def unsaid(found: graphgen.Units, units: Iterable[Unit | Branch], asked: set[str]) -> list[Left]:
    """List the families that have to stay whole, since their layers cannot say it otherwise."""
    counted = [unit for unit in units if unit.family.name in found.families]
    sizes = {
        family: family.size - int(marks.reshape(-1, family.size)[0].sum())
        for family, marks in chosen_of(found, counted).items()
    }
    left: list[Left] = []
    while True:
        made = Resized(found.axes, now({family.atom: n for family, n in sizes.items()}))
        layer = next((each for each in found.net.layers if not made.says(each)), None)
        if layer is None:
            return left
        own = [f for f in sizes if {*f.tensors} & {*layer.tensors.values()}]
        own = sorted((f for f in own if f.name not in asked), key=lambda f: len(f.tensors))
        family = next((f for f in own if says_without(found, sizes, f, layer)), None)
        for each in [family] if family else own:
            left.append(Left(each.name, f"{layer.name} ({layer.type}) has no other number of them"))
            del sizes[each]
        if not own:
            return left


def says_without(
    found: graphgen.Units, sizes: Mapping[Family, int], family: Family, layer: Any
) -> bool:
    """Say whether a layer can say what it becomes if a family stays whole."""
    others = {f.atom: n for f, n in sizes.items() if f is not family}
    return Resized(found.axes, now(others)).says(layer)


def widened(
    net: Architecture,
    weights: Mapping[str, Any],
    *,
    times: int = 1,
    only: Sequence[str] = (),
    to: Mapping[str, int] | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[Network, dict[str, int], list[Left]]:
    """Widen family by family: each unit `times` as often, or up to a number that `to` names.

    Which units come again is drawn by the seed. Families whose copies would change the function
    are left as they are, and told, if they were not named.
    """
    rng = np.random.default_rng(seed)
    found = graphgen.units(net)
    named = {name: n for p, n in (to or {}).items() for name in families_like(found, [p])}
    every = [n for n in families_like(found, only) if n in found.families and n not in named]
    asked = {*named, *(pattern for pattern in only if pattern in found.families)}
    changed: dict[str, int] = {}
    left: list[Left] = []
    wider, more = net, dict(weights)
    for name in [*named, *(every if times > 1 else ())]:
        family = graphgen.units(wider)[name]
        number = named.get(name, family.size * times) - family.size
        if number < 0:
            raise PipelineError(f"--to {name}={named[name]}: it has {family.size} already")
        again = [
            family[(*copy, int(item))]
            for copy in np.ndindex(*family.copies)
            for item in repeated(family.size, number, rng)
        ]
        try:
            wider, more = graphgen.widen(wider, more, again, noise=noise, rng=rng)
        except graphgen.GraphError as error:
            if name in asked:
                raise
            left.append(Left(name, str(error)))
            continue
        changed[name] = len(again)
    return Network(wider, more), changed, left


def repeated(size: int, number: int, rng: np.random.Generator) -> list[int]:
    """Draw which of some units come again: each as often as it can be, the rest at random."""
    whole = [*range(size)] * (number // size)
    return [*whole, *(int(k) for k in rng.permutation(size)[: number % size])]


def write(
    net: Architecture,
    made: Network,
    source: Path | None,
    variables: Mapping[str, Any],
    out: Path,
    weights: Path,
    changed: dict[str, int],
    left: list[Left],
) -> Written:
    """Write an architecture and weights, both or none; as the source says it, if it can."""
    text, values = None, None
    if source is not None and len(made.net.layers) == len(net.layers):
        values = graphgen.variables_for(source, made.net, variables)
        text = said(source, made.net, values) if values is not None else None
    if text is None:
        values = None
        form = made.net.resolved()
        text = yaml.safe_dump(form, sort_keys=False, default_flow_style=None, width=100)
    with atomic_path(out) as file, atomic_path(weights) as arrays:
        file.write_text(text, encoding="utf-8")
        write_weights(arrays, made.weights)
    counts = [sum(map(prod, own.parameters.values())) for own in (net, made.net)]
    return Written(out, weights, counts[0], counts[1], values, changed, left)


def places(out: Path, weights: Path | None, replace: bool) -> Path:
    """Give the file of the weights, beside that of the architecture by default; claim both."""
    weights = out.with_suffix(".safetensors") if weights is None else weights
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise PipelineError(f"{out}: an architecture is written as .yaml; name it so")
    if weights.suffix.lower() not in (".safetensors", ".npz"):
        raise PipelineError(f"{weights}: weights are written as .safetensors or .npz; name it so")
    for path in (out, weights):
        claim_file(path, replace)
    return weights
