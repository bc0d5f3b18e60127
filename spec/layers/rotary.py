"""rotary: pairs of features turned by an angle that grows along a sequence."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from spec import rotary_frequencies as ways
from spec.fields import axis, choice, factors, flag, number, size
from spec.layer import Layer, Scope, Value, positive, register
from spec.primitives import Rotary as RotaryPrimitive
from spec.primitives import Shape, ShapeError, show
from spec.records import record
from spec.rotary_frequencies import Turning

NEEDED = {
    "none": (),
    "linear": ("factor",),
    "dynamic": ("factor", "original_length"),
    "llama3": ("factor", "original_length", "low_freq_factor", "high_freq_factor"),
    "yarn": ("factor", "original_length"),
    "longrope": ("factor", "original_length", "long_factor", "short_factor"),
}
ALLOWED = {
    "yarn": ("beta_fast", "beta_slow", "truncate", "attention_factor"),
    "longrope": ("attention_factor",),
}


@register("rotary")
@record(frozen=True, kw_only=True)
class Rotary(Layer):
    """Rotary position embedding (Su et al. 2021, eq. 34) of the last axis, along the axis `dim`.

    The first `size` features (all, if none is given) are turned in pairs `(i, i + size / 2)`, or
    `(2 i, 2 i + 1)` if `interleaved`, from position `offset` on. `scaling` stretches them for
    sequences longer than those of `original_length`, as `rope_type` does in `transformers`.
    """

    dim: int = axis(default=-2)
    base: float = number(default=10000.0, minimum=1e-12)
    interleaved: bool = flag(default=False)
    offset: int = size(default=0, minimum=0)
    scaling: str = choice(tuple(NEEDED), default="none")
    factor: float | None = number(default=None, minimum=1e-12)
    original_length: int | None = size(default=None, minimum=2)
    low_freq_factor: float | None = number(default=None, minimum=1e-12)
    high_freq_factor: float | None = number(default=None, minimum=1e-12)
    beta_fast: float | None = number(default=None, minimum=1e-12)
    beta_slow: float | None = number(default=None, minimum=1e-12)
    truncate: bool | None = flag(default=None)
    attention_factor: float | None = number(default=None, minimum=0.0)
    short_factor: tuple[float, ...] | None = factors(default=None)
    long_factor: tuple[float, ...] | None = factors(default=None)
    size: int | None = size(default=None)

    def infer(self, *shapes: Shape) -> Self:
        (x,) = shapes
        dim = positive("dim", self.dim, x)
        if dim == len(x):
            raise ShapeError(
                f"`dim` is {self.dim}, the axis of features of {show(x)}: it is the one along "
                "which the angle grows"
            )
        own = (*NEEDED[self.scaling], *ALLOWED.get(self.scaling, ()))
        for name in dict.fromkeys(name for names in (*NEEDED.values(), *ALLOWED.values())
                                  for name in names):  # fmt: skip
            given = getattr(self, name) is not None
            if given and name not in own:
                raise ShapeError(f"`{name}` says nothing where `scaling` is {self.scaling}")
            if not given and name in NEEDED[self.scaling]:
                raise ShapeError(f"`scaling: {self.scaling}` needs `{name}`")
        if self.scaling != "none" and self.base <= 1:
            raise ShapeError(f"`base` is {self.base:g}; with a `scaling` it is more than 1")
        low, high = self.low_freq_factor or 0.0, self.high_freq_factor or 1.0
        if low >= high:
            raise ShapeError(
                f"`low_freq_factor` is {low:g}, no less than `high_freq_factor` {high:g}"
            )
        turned = x[-1] if self.size is None else self.size
        for name in ("short_factor", "long_factor"):
            divisors = getattr(self, name)
            if divisors is not None and len(divisors) != turned // 2:
                raise ShapeError(
                    f"`{name}` has {len(divisors)} numbers, but {turned // 2} pairs are turned"
                )
        return replace(self, dim=dim, size=turned)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        base, frequencies, magnitude = self.turning(x.shape[self.dim - 1] + self.offset)
        return scope.apply(
            RotaryPrimitive(
                self.dim - 1, self.size or 0, base, self.interleaved, self.offset, frequencies,
                magnitude,
            ),
            x,
        )  # fmt: skip

    def turning(self, length: int) -> Turning:
        """Give the base, the frequencies and the magnitude for positions up to a length."""
        turned, factor, original = self.size or 0, self.factor or 1.0, self.original_length or 1
        own = self.attention_factor
        if turned % 2 or self.scaling == "none":
            return self.base, (), 1.0
        if self.scaling == "linear":
            return ways.linear(self.base, turned, factor)
        if self.scaling == "dynamic":
            return ways.dynamic(self.base, turned, factor, original, length)
        if self.scaling == "llama3":
            low, high = self.low_freq_factor or 1.0, self.high_freq_factor or 1.0
            return ways.llama3(self.base, turned, factor, original, low, high)
        if self.scaling == "yarn":
            fast, slow = self.beta_fast or 32.0, self.beta_slow or 1.0
            magnitude = ways.yarn_magnitude(factor) if own is None else own
            whole = self.truncate is not False
            return ways.yarn(self.base, turned, factor, original, (fast, slow), whole, magnitude)
        divisors = (self.long_factor if length > original else self.short_factor) or ()
        magnitude = ways.longrope_magnitude(factor, original) if own is None else own
        return ways.longrope(self.base, turned, divisors, magnitude)
