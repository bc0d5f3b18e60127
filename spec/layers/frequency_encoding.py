"""frequency_encoding: waves of fixed, growing frequencies over places."""

from __future__ import annotations

from spec.fields import MAX_ENTRIES, flag, number, size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Concat, ShapeError, show
from spec.records import record


@register("frequency_encoding")
@record(frozen=True, kw_only=True)
class FrequencyEncoding(Layer):
    """`[x, sin(f x), cos(f x), ...]` for the frequencies f, along the last axis.

    The frequencies are `scale base^i` for i from 0 on, as in NeRF (Mildenhall et al. 2020), whose
    code has the `scale` 1 and whose paper has pi. There are no tensors.
    """

    num_frequencies: int = size(maximum=MAX_ENTRIES // 2, summary="how many frequencies")
    include_input: bool = flag(default=True, summary="whether x comes first")
    base: float = number(default=2.0, minimum=1e-12, summary="the factor from one to the next")
    scale: float = number(default=1.0, summary="the first frequency")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        if not x.shape:
            raise ShapeError(f"`frequency_encoding` needs an axis of places, got {show(x.shape)}")
        waves = [
            scope.function(wave, x, frequency=self.scale * self.base**power)
            for power in range(self.num_frequencies)
            for wave in ("sine", "cosine")
        ]
        parts = [x, *waves] if self.include_input else waves
        return scope.apply(Concat(len(x.shape) - 1), *parts)
