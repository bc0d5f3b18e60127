"""Which units may be mixed, not only put in order: what is linear from one side to the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphgen.merging.folding import Norm
from graphgen.units.axes import Axes, AxesOf, Rules
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent, atoms, beside, product
from graphgen.units.nesting import Occurrence, occurrences
from graphgen.units.rules import RULES
from graphgen.units.rules import window as tied_window
from spec import Architecture, Operation
from spec.primitives import (
    Concat,
    Contract,
    Elementwise,
    Learned,
    Lookup,
    Normalise,
    Reduce,
    Reshape,
    Slice,
    Take,
    Transpose,
    Window,
)

LINEAR = ("scale_by", "negative", "identity", "dropout")
ALONG = (Learned, Reshape, Transpose, Slice, Concat)


@dataclass(frozen=True)
class Sides:
    """How the places of a family's units change when these are mixed by an invertible matrix.

    Of a place with 1 the units are multiplied by the matrix, of one with -1 by its inverse
    transposed, and one with 0 stays. `orthogonal` says that only where both are one the function
    stays, and `centred` that the matrix has to keep what is the same for all units.
    """

    signs: tuple[int, ...]
    orthogonal: bool
    centred: bool


class Apart(AxesOf):
    """The axes of a network, where the two sides of a sum are not one but each other's dual."""

    def __init__(self, net: Architecture, norms: Iterable[Norm] = ()) -> None:
        self.duals: list[tuple[Extent, Extent]] = []
        self.broken: list[Extent] = []
        self.normed: list[tuple[Extent, str]] = []
        self.pinned: list[Extent] = []
        self.norms = {name: norm for norm in norms for name in norm.outputs}
        super().__init__(net, APART)

    def pair(self, one: Extent, other: Extent, layer: str) -> None:
        """Note that a sum runs over two extents: what multiplies one is undone by the other."""
        copies: dict[Extent, Extent] = {}
        self.tie(mirrored(one, copies), other, layer)
        self.duals += copies.items()

    def spoil(self, axes: Axes) -> None:
        """Note that items may not be mixed."""
        self.broken += axes


def mirrored(extent: Extent, copies: dict[Extent, Extent]) -> Extent:
    """Give an extent that is cut as another is, of atoms of its own."""
    own = extent.root
    if own.terms:
        return beside([mirrored(term, copies) for term in own.terms])
    if not own.is_atom:
        return product([mirrored(factor, copies) for factor in own.factors])
    return copies.setdefault(own, Extent(own.size))


def contract(axes: AxesOf, op: Operation) -> Axes:
    """Let a letter that is summed over be the dual of the other operand's; what is kept, be one."""
    apart, primitive = told(axes), op.primitive
    written = getattr(primitive, "operands", ())
    output = getattr(primitive, "output", "")
    operands = [*axes.inputs(op), *axes.parameters(op)]
    found: dict[str, Extent] = {}
    for letters, own in zip(written, operands, strict=True):
        for letter, extent in zip(letters, own, strict=True):
            times = sum(letter in others for others in written)
            if letter in output or times != 2:
                axes.tie(found.setdefault(letter, extent), extent, op.layer)
                if times > 1 or letter not in output:
                    apart.spoil([extent])
            elif letter not in found:
                found[letter] = extent
            else:
                apart.pair(found[letter], extent, op.layer)
    if getattr(primitive, "prepared", None) is not None:
        apart.spoil(axes.parameters(op)[0])
    return [found[letter] for letter in output]


def window(axes: AxesOf, op: Operation) -> Axes:
    """Let channels that are read be the dual of the kernel's, where these are not in groups."""
    apart, primitive = told(axes), op.primitive
    plain = isinstance(primitive, Window) and not (
        primitive.transposed or primitive.symmetry or primitive.prepared
    )
    if not plain or getattr(primitive, "groups", 1) > 1:
        out = tied_window(axes, op)
        for own in (*axes.inputs(op), *axes.parameters(op), out):
            apart.spoil(own)
        return out
    (x,), (weight,) = axes.inputs(op), axes.parameters(op)
    out = axes.fresh(op)
    axes.tie(weight[0], out[0], op.layer)
    apart.pair(x[0], weight[1], op.layer)
    for own in (x, weight[1:], out):
        apart.spoil(own[1:])
    return out


def others(axes: AxesOf, op: Operation) -> Axes:
    """Tie as units are tied, and spoil what the operation does not leave linear."""
    apart = told(axes)
    if op.output in apart.norms:  # a norm whose gain is 1 and whose shift is 0
        (x,) = axes.inputs(op)
        if isinstance(op.primitive, Normalise):
            apart.normed.append((x[-1], op.primitive.statistics))
            apart.spoil(x[:-1])
        apart.pinned += [extent for own in axes.parameters(op) for extent in own]
        return x
    out = RULES[type(op.primitive)](axes, op)
    apart.spoil([*spoiled(axes, op, out)])
    return out


def spoiled(axes: AxesOf, op: Operation, out: Axes) -> Iterator[Extent]:
    """List the axes along which an operation is not linear, or not alike for all items."""
    primitive = op.primitive
    given = axes.inputs(op)
    if isinstance(primitive, ALONG):
        return
    if isinstance(primitive, Take):
        yield from (given[0][primitive.axis], out[primitive.axis])
    elif isinstance(primitive, Lookup) and primitive.is_table:
        yield from given[0]
    elif isinstance(primitive, Reduce) and primitive.axes and primitive.statistic in SUMS:
        yield from (given[0][axis] for axis in primitive.axes)
    elif not isinstance(primitive, Elementwise) or primitive.function not in (*LINEAR, *JOINING):
        for own in (*given, *axes.parameters(op), out):
            yield from own
    elif primitive.function in JOINING:
        for axis, extent in enumerate(out):
            having = sum(own[axis].size == extent.size for own in given)
            having += sum(lies(primitive, own, axis, len(out)) for own in axes.parameters(op))
            total = len(given) + len(op.parameters)
            if having != (total if primitive.function == "add" else 1):
                yield extent


SUMS = ("sum", "mean")
JOINING = ("add", "multiply")


def lies(primitive: Elementwise, own: Axes, axis: int, rank: int) -> bool:
    """Say whether a parameter of an elementwise operation runs along an axis."""
    start = primitive.parameter_start(rank)
    return start <= axis < start + len(own) and own[axis - start].size > 1


def told(axes: AxesOf) -> Apart:
    """Give the axes as what they are here."""
    if not isinstance(axes, Apart):
        raise TypeError("rules of sides are for axes that are kept apart")
    return axes


APART: Rules = {
    **dict.fromkeys(RULES, others),
    Contract: contract,
    Window: window,
}


def sides(units: Units, norms: Sequence[Norm] = ()) -> dict[str, Sides]:
    """Find the families whose units may be mixed by matrices, and how their places change.

        sides(graphgen.units("vit"))        # key and value dimensions of each attention

    A family is one if no operation between the tensors that write its units and those that read
    them is other than linear in them, and alike for all: then any invertible matrix may go in and
    its inverse out, as between queries and keys of a head, or its values and the output. With
    `norms` whose gains are 1 and whose shifts are 0, a residual stream that nothing but these read
    is one too, and may be rotated.
    """
    axes = Apart(units.net, norms)
    broken = {atom for extent in axes.broken for atom in atoms(extent)}
    broken |= {atom for note in (*axes.held, *axes.joint) for atom in atoms(note.extent)}
    normed: dict[Extent, set[str]] = {}
    for extent, statistics in axes.normed:
        if extent.root.is_atom:
            normed.setdefault(extent.root, set()).add(statistics)
        else:
            broken |= {*atoms(extent)}
    duals: dict[Extent, list[Extent]] = {}
    for pair in axes.duals:
        one, other = (extent.root for extent in pair)
        if not one.is_atom or not other.is_atom:
            broken |= {*atoms(one), *atoms(other)}
            continue
        duals.setdefault(one, []).append(other)
        duals.setdefault(other, []).append(one)
    pinned = {extent.root for extent in axes.pinned}
    lying = {key(own): atom for atom, row in occurrences(axes.tensors).items() for own in row}
    found = {}
    for name, family in units.families.items():
        places = [lying.get(key(own)) for own in family.places]
        moving = [p for p in places if p is not None and p not in pinned]
        own = signs_of(moving, duals, broken)
        if own is None or None in places or len({*own[0].values()}) < 2:
            continue
        kinds = {kind for atom in own[0] for kind in normed.get(atom, ())}
        signs = tuple(own[0].get(p, 0) for p in places if p is not None)
        found[name] = Sides(signs, own[1] or bool(kinds), "layer" in kinds)
    return found


def key(own: Occurrence) -> tuple[Any, ...]:
    """Tell a place among those of a tensor."""
    loop = own.place.loops[own.place.own]
    return own.owner, own.axis, own.place.start, loop.size, loop.stride


def signs_of(
    places: list[Extent], duals: Mapping[Extent, list[Extent]], broken: set[Extent]
) -> tuple[dict[Extent, int], bool] | None:
    """Give the side of each atom, and whether sides contradict; None where one is not linear."""
    signs: dict[Extent, int] = {}
    crossed = False
    waiting = [(places[0], 1)] if places else []
    while waiting:
        atom, sign = waiting.pop()
        if atom in broken:
            return None
        if atom in signs:
            crossed |= signs[atom] != sign
            continue
        signs[atom] = sign
        waiting += [(other, -sign) for other in duals.get(atom, [])]
    return (signs, crossed) if {*places} <= signs.keys() else None
