"""The computation graph of resampling: sums of neighbours with fixed coefficients."""

from __future__ import annotations

from itertools import product

from graphgen.evaluate.resample import sources
from graphgen.lower.computation.runs import Run, runs, spatial_rows
from graphgen.lower.computation.state import Lowering
from spec import Operation
from spec.primitives import Resample


def lower(state: Lowering, operation: Operation) -> None:
    """Lower resampling: an edge from each neighbour, with its share as coefficient."""
    primitive = operation.primitive
    if not isinstance(primitive, Resample):
        raise TypeError(f"expected a Resample, got {primitive}")
    source = state.value(operation.inputs[0])
    target = state.nodes(operation.output, "sum", state.net.shapes[operation.output])
    axes = [
        neighbours(primitive, before, after)
        for before, after in zip(source.shape[1:], target.shape[1:], strict=True)
    ]
    for chosen in product(*axes):
        for begin, end, rows, coefficients in spatial_rows(chosen, source, target, 1):
            channels = (source.shape[0], source.strides[0], target.strides[0], 0)
            plain = all(value == 1 for value in coefficients)
            state.connect(
                operation,
                "identity",
                begin,
                end,
                [channels, *rows],
                coefficients=() if plain else coefficients,
            )
    state.items[operation.output] = target


def neighbours(primitive: Resample, before: int, after: int) -> list[list[Run]]:
    """Give the runs along one axis to the nearest item, or to those on either side."""
    if primitive.mode == "nearest":
        return [runs([(i, i * before // after, 1.0) for i in range(after)])]
    low, high = [], []
    for i, place in enumerate(sources(before, after, primitive.align_corners)):
        below = int(place)
        share = float(place) - below
        low.append((i, below, 1 - share))
        if share:
            high.append((i, min(below + 1, before - 1), share))
    return [runs(low), runs(high)]
