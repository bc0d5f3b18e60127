"""Pruning: a smaller network, which computes what is left without some units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.errors import GraphError, described, instance
from graphgen.fitting import fitting
from graphgen.sources import Net, Weights, network_from
from graphgen.surgery.arranging import arranged, order_of
from graphgen.surgery.branches import without
from graphgen.surgery.resizing import Resized, UnsaidError
from graphgen.units.branches import Branch
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent, Sizes
from graphgen.units.families import Family, Unit
from spec import Architecture

Chosen = NDArray[np.bool_]


class Network(NamedTuple):
    """An architecture and its weights."""

    net: Architecture
    weights: dict[str, NDArray[Any]]


def prune(net: Net, weights: Weights | None, units: Iterable[Unit | Branch]) -> Network:
    """Give the network without some units: a smaller architecture, and its weights.

        family = next(iter(graphgen.units(net).families.values()))
        smaller, left = graphgen.prune(net, weights, [family[1], family[3]])

    It computes what the network does in which what these units are is zero, or not there where
    they are counted together with others (`Family.together`): a layer norm is over those left. Of
    each family one stays, from each of its copies as many go, and of each sum an operand stays;
    `GraphError` otherwise, for units of another network, and where a layer cannot say what it would
    become.
    """
    architecture, given = network_from(net, weights)
    found = Units(architecture)
    chosen = listed(units)
    branches = [own_branch(found, each) for each in chosen if isinstance(each, Branch)]
    gone = chosen_of(found, [each for each in chosen if not isinstance(each, Branch)])
    arrays = dict(fitting(Form.of(architecture), given))
    sizes: dict[Extent, int] = {}
    for family in order_of({family.atom: family for family in gone}):
        left = family.size - int(gone[family].reshape(-1, family.size)[0].sum())
        stays = np.argsort(gone[family], axis=-1, kind="stable")[..., :left]
        for name in family.tensors:
            axes = found.axes.tensors[name]
            arrays[name] = arranged(arrays[name], axes, family, stays, now(sizes))
        sizes[family.atom] = left
    smaller = resized(found, sizes)
    if branches:
        smaller = without(smaller, branches)
        arrays = {name: arrays[name] for name in smaller.tensors}
    return Network(smaller, arrays)


def own_branch(found: Units, branch: Branch) -> Branch:
    """Give a branch back; `GraphError` if it is of another network."""
    if branch.family.net != found.net.hash:
        raise GraphError(
            f"{branch.name} is a branch of another network than {found.net.name!r}: take those of "
            "graphgen.units(net).branches"
        )
    return branch


def resized(found: Units, sizes: dict[Extent, int]) -> Architecture:
    """Give the architecture with other numbers of units; `GraphError` where no layer says it."""
    made = Resized(found.axes, now(sizes))
    try:
        return made.net
    except UnsaidError as error:
        layer = error.layer
    own = [f for f in found.families.values() if {*f.tensors} & {*layer.tensors.values()}]
    changed = [f for f in own if f.atom in sizes]
    least = layer.fields.get("k")
    told = f"it takes {least} of them, so that as many stay" if least else "change others"
    for kinds in ({f.kind for f in changed}, {f.kind for f in own}):
        alike = {
            f.atom: sizes[g.atom]
            for f in own
            for g in changed
            if f.size == g.size and f.kind in kinds and f.atom not in sizes
        }
        if alike and Resized(found.axes, now(alike | sizes)).says(layer):
            others = [f.name for f in own if f.atom in alike]
            told = f"change as many of {', '.join(others)} with them"
            break
    raise GraphError(
        f"layer {layer.name!r}: a `{layer.type}` cannot say what it is with other numbers of "
        f"{', '.join(f.name for f in changed)} alone; {told}"
    )


def now(sizes: dict[Extent, int]) -> Sizes:
    """Give the sizes of atoms of which some have changed."""
    return lambda atom: sizes.get(atom, atom.size)


def chosen_of(found: Units, units: Iterable[Unit]) -> dict[Family, Chosen]:
    """Mark the units that go, family by family; `GraphError` where that cannot be."""
    gone: dict[Family, Chosen] = {}
    for unit in listed(units):
        family = family_of(found, unit)
        marks = gone.setdefault(family, np.zeros((*family.copies, family.size), dtype=np.bool_))
        own = instance(unit, Unit, "units")
        marks[(*own.copy, own.item)] = True
    atoms = {family.atom: family for family in gone}
    for family in order_of(atoms):
        for atom in family.outer:
            if atom in atoms and family.atom in atoms[atom].outer:
                raise GraphError(
                    f"{family.name} and {atoms[atom].name} lie inside of one another: prune one, "
                    "and then the other of what is left"
                )
    for family in gone:
        gone[family] = even(family, gone[family], {a: gone[f] for a, f in atoms.items()})
    return gone


def listed(units: object) -> list[object]:
    """List units; `GraphError` for what lists nothing."""
    if isinstance(units, str) or not isinstance(units, Iterable):
        raise GraphError(f"`units` is {described(units)}; expected a list of units")
    return [*units]


def family_of(found: Units, unit: object) -> Family:
    """Give the family of a unit; `GraphError` if it is none, or of another network."""
    unit = instance(unit, Unit, "units", "graphgen.units(net) has families of them")
    if unit.family.net != found.net.hash:
        raise GraphError(
            f"{unit.name} is a unit of another network than {found.net.name!r}: take those of "
            "graphgen.units(net)"
        )
    return found[unit.family.name]


def even(family: Family, marks: Chosen, others: dict[Extent, Chosen]) -> Chosen:
    """Check that as many units go from each copy that stays, and let as many go from the others."""
    stays = np.ones(family.copies, dtype=np.bool_)
    for k, atom in enumerate(family.outer):
        if atom in others:
            # A copy goes that goes wherever it lies.
            own = others[atom].reshape(-1, family.copies[k]).all(axis=0)
            stays &= ~own.reshape([-1 if j == k else 1 for j in range(len(family.copies))])
    counts = marks.sum(axis=-1)
    left = np.unique(counts[stays])
    if len(left) > 1:
        raise GraphError(
            f"{family.name}: as many units go from each of its {counts.size} copies, got from "
            f"{left[0]} to {left[-1]}"
        )
    number = int(left[0])
    if number >= family.size:
        raise GraphError(f"{family.name}: one of its {family.size} units stays, got all")
    first = np.arange(family.size) < number
    return np.where(stays[..., None], marks, first)
