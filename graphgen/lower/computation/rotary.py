"""The computation graph of rotary positions: sums of two features with fixed coefficients."""

from __future__ import annotations

from graphgen.evaluate.rotary import pairs, turns
from graphgen.lower.computation.state import Items, Lowering
from spec import Operation
from spec.primitives import Rotary


def lower(state: Lowering, operation: Operation) -> None:
    """Lower rotary positions: edges carry the cosine and the sine of each turn."""
    primitive = operation.primitive
    if not isinstance(primitive, Rotary):
        raise TypeError(f"expected a Rotary, got {primitive}")
    source = state.value(operation.inputs[0])
    target = state.nodes(operation.output, "sum", source.shape)
    half, last = primitive.size // 2, len(source.shape) - 1
    cosine, sine = turns(primitive, source.shape[primitive.axis])
    halves = [(part.start, part.step or 1) for part in pairs(primitive)]

    def part(items: Items, which: int) -> Items:
        return items.axis(last, half, *halves[which])

    for out, into, table in ((0, 0, cosine), (0, 1, -sine), (1, 0, sine), (1, 1, cosine)):
        begin, end = part(source, into), part(target, out)
        rows = [
            (size, begin.strides[axis], end.strides[axis],
             {primitive.axis: half, last: 1}.get(axis, 0))
            for axis, size in enumerate(begin.shape)
        ]  # fmt: skip
        state.connect(
            operation, "rotary", begin, end, rows, coefficients=table.reshape(-1).tolist()
        )
    rest = source.shape[-1] - primitive.size
    if rest:
        ends = [items.axis(last, rest, primitive.size, 1) for items in (source, target)]
        state.identity(operation, ends[0], ends[1])
    state.items[operation.output] = target
