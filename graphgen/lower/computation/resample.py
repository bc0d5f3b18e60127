"""The computation graph of resampling: sums of neighbours with fixed coefficients."""

from __future__ import annotations

from itertools import product

from graphgen.evaluate.resample import taps
from graphgen.lower.computation.runs import runs, spatial_rows
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
        [
            runs([(i, int(k), float(w)) for i, (k, w) in enumerate(zip(*tap, strict=True)) if w])
            for tap in taps(primitive, axis, before)
        ]
        for axis, before in enumerate(source.shape[1:])
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
