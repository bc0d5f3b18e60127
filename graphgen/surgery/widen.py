"""Widening: a wider network of the same function, in which units come twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.errors import GraphError, described, instance
from graphgen.fitting import fitting
from graphgen.sources import Net, Weights, network_from
from graphgen.surgery.arranging import arranged, laid
from graphgen.surgery.prune import Network, family_of, listed, now, resized
from graphgen.units.axes import held_by
from graphgen.units.branches import Branch
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent, atoms
from graphgen.units.families import Family, Unit

Order = NDArray[np.int64]

EVENLY = ("a layer norm", "a norm", "a group norm", "a mean")
"""What counts items together, and is the same if each of them comes equally often."""

ANYHOW = ("a max", "a min")


def widen(
    net: Net,
    weights: Weights | None,
    units: Iterable[Unit],
    *,
    noise: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Network:
    """Give a wider network of the same function, in which these units come once more.

        family = next(iter(graphgen.units(net).families.values()))
        wider, more = graphgen.widen(net, weights, [*family])        # twice as many

    What comes in is copied, and what goes out is shared among a unit's copies (Chen et al. 2016,
    *Net2Net*): in equal parts, or with `noise` in parts that differ by so much (standard deviation)
    and still add up, drawn by `rng`, so that training takes the copies apart. A unit may be listed
    several times. Raises `GraphError` where the function would not stay: units that are normed
    together where not all of them come equally often, softmax over units, sums that no weight takes
    part in, such as that of queries times keys, and tensors that read units and also make them.
    """
    architecture, given = network_from(net, weights)
    found = Units(architecture)
    if not isinstance(noise, (int, float)) or isinstance(noise, bool) or not 0 <= noise < 1e6:
        raise GraphError(f"`noise` is {described(noise)}; expected a number of 0 or more")
    if noise and rng is None:
        raise GraphError("`noise` needs `rng`, such as numpy.random.default_rng(0)")
    if rng is not None:
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
    orders = orders_of(found, units)
    for family, order in orders.items():
        check(found, family, order)
    arrays = dict(fitting(Form.of(architecture), given))
    sizes: dict[Extent, int] = {}
    for family, order in orders.items():
        shares = shared_out(order, family.size, float(noise), rng)
        widen_family(found, arrays, family, order, shares, sizes)
    return Network(resized(found, sizes), arrays)


def widen_family(
    found: Units,
    arrays: dict[str, NDArray[Any]],
    family: Family,
    order: Order,
    shares: NDArray[np.float64],
    sizes: dict[Extent, int],
) -> None:
    """Copy the units of one family in all arrays, and share out what goes out of them."""
    before = dict(sizes)
    sizes[family.atom] = order.shape[-1]
    for name in family.tensors:
        axes = found.axes.tensors[name]
        array = arranged(arrays[name], axes, family, order, now(before))
        divided = divided_axes(found, family, name)
        for axis, part in laid(axes, family, shares, now(sizes), 1.0):
            if axis in divided:
                array = (array * part).astype(array.dtype)
        arrays[name] = array


def divided_axes(found: Units, family: Family, tensor: str) -> frozenset[int]:
    """Say along which axes of a tensor units are summed over; `GraphError` if that is not clear."""
    uses = {
        frozenset(
            axis
            for axis, extent in found.axes.divided.get((operation.output, tensor), [])
            if family.atom in atoms(extent)
        )
        for operation in found.net.operations
        if tensor in operation.parameters
    }
    if len(uses) > 1:
        raise GraphError(
            f"{family.name}: {tensor} makes these units and also reads them, so that what goes out "
            "cannot be shared among copies of them; widen others"
        )
    return next(iter(uses))


def orders_of(found: Units, units: Iterable[Unit]) -> dict[Family, Order]:
    """List for each copy of each family which units there will be; `GraphError` if uneven."""
    more: dict[Family, dict[tuple[int, ...], list[int]]] = {}
    for each in listed(units):
        if isinstance(each, Branch):
            raise GraphError(
                f"{each.name} is a branch, which cannot come twice: widen what is in it"
            )
        family, unit = family_of(found, each), instance(each, Unit, "units")
        more.setdefault(family, {copy: [] for copy in np.ndindex(*family.copies)})
        more[family][unit.copy].append(unit.item)
    orders = {}
    for family, copies in more.items():
        counts = sorted({len(items) for items in copies.values()})
        if len(counts) > 1:
            raise GraphError(
                f"{family.name}: as many units come twice in each of its {len(copies)} copies, got "
                f"from {counts[0]} to {counts[-1]}"
            )
        rows = [[*range(family.size), *items] for items in copies.values()]
        orders[family] = np.array(rows, dtype=np.int64).reshape(*family.copies, -1)
    for family in orders:
        if any(other.atom in family.outer for other in orders):
            raise GraphError(
                f"{family.name} lies inside of others that are to come twice: widen one, and then "
                "the other of what that gives"
            )
    return orders


def check(found: Units, family: Family, order: Order) -> None:
    """Raise `GraphError` where a wider network has another function."""
    rows = order.reshape(-1, order.shape[-1])
    times = np.array([np.bincount(row, minlength=family.size) for row in rows])
    even = bool((times == times[0, 0]).all())
    for note in held_by(found.axes.joint).get(family.atom, []):
        kind = note.says.removesuffix(" over them")
        if kind in ANYHOW or (kind in EVENLY and even):
            continue
        told = "does not stay with copies of them"
        if kind in EVENLY:
            told = "stays only if each of them comes equally often: list all of the family"
        raise GraphError(f"{family.name}: {note.says} ({note.layer}) {told}")
    for note in held_by(found.axes.summed).get(family.atom, []):
        raise GraphError(
            f"{family.name}: {note.says} ({note.layer}), which would count copies twice"
        )


def shared_out(
    order: Order, size: int, noise: float, rng: np.random.Generator | None
) -> NDArray[np.float64]:
    """Give the part of what goes out of a unit that each of its copies has: they add up to 1."""
    rows = order.reshape(-1, order.shape[-1])
    result = np.empty(rows.shape)
    for row, out in zip(rows, result, strict=True):
        times = np.bincount(row, minlength=size)[row]
        drawn = rng.standard_normal(len(row)) * noise if rng is not None else np.zeros(len(row))
        mean = np.bincount(row, drawn, size) / np.maximum(np.bincount(row, minlength=size), 1)
        out[:] = 1 / times + np.where(times > 1, drawn - mean[row], 0)
    return result.reshape(order.shape)
