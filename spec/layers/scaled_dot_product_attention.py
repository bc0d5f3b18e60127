"""scaled_dot_product_attention: what queries see of values, by their keys."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

from spec.attention import LEADING, attend, check_window, fitted
from spec.fields import flag, number, probability, size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import RefusalError, Reshape, Shape, ShapeError, show
from spec.records import record


@register("scaled_dot_product_attention")
@record(frozen=True, kw_only=True)
class ScaledDotProductAttention(Layer):
    """`softmax(scale Q K^T + bias) V` of queries, keys, values and a bias, if one is given.

    Queries are `[N, ..., queries, features]`, keys and values `[N, ..., keys, features]`, the bias
    or mask `[N, ..., queries, keys]`, as in `torch.nn.functional` (Vaswani et al. 2017, eq. 1). If
    `enable_gqa`, heads on the axis before the tokens share keys and values. Scores are kept below
    `softcap` by a tanh (Gemma 2). In a `sliding_window` a query sees the last keys, its own
    included, and if not `is_causal` as many next ones.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (3, 4)

    dropout_p: float = probability(default=0.0)
    is_causal: bool = flag(default=False)
    scale: float | None = number(default=None)
    enable_gqa: bool = flag(default=False)
    sliding_window: int | None = size(default=None)
    softcap: float | None = number(default=None, minimum=1e-12)

    def infer(self, *shapes: Shape) -> Self:
        q, k, v = shapes[:3]
        told = f"got queries {show(q)}, keys {show(k)} and values {show(v)}"
        if min(len(shape) for shape in (q, k, v)) < 2 or not len(q) == len(k) == len(v):
            raise ShapeError(f"`{self.type}` needs [N, ..., tokens, features] three times, {told}")
        if q[-1] != k[-1]:
            raise ShapeError(f"queries and keys need as many features, {told}")
        if k[:-1] != v[:-1]:
            raise ShapeError(f"keys and values need as many tokens, {told}")
        if self.enable_gqa and (len(q) < 3 or q[:-3] != k[:-3] or q[-3] % k[-3]):
            raise ShapeError(f"`enable_gqa` needs heads that divide among those of keys, {told}")
        if not self.enable_gqa and q[:-2] != k[:-2]:
            raise ShapeError(f"queries and keys need the same axes in front of tokens, {told}")
        if self.is_causal and q[-2] != k[-2]:
            raise RefusalError(
                f"{q[-2]} queries and {k[-2]} keys: which key the first query of a causal "
                "attention sees is counted in two ways; give a mask as the fourth input"
            )
        check_window(q[-2], k[-2], self.sliding_window, self.is_causal)
        return replace(self, scale=q[-1] ** -0.5 if self.scale is None else self.scale)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        q, k, v, *rest = inputs
        front = LEADING[: len(k.shape) - 2 - self.enable_gqa]
        letters = f"{front}td", f"{front}sd", f"{front}se"
        groups = None
        shape = (*q.shape[:-1], v.shape[-1])
        scores = (*q.shape[:-1], k.shape[-2])
        if self.enable_gqa:
            letters = f"{front}kgtd", f"{front}ksd", f"{front}kse"
            groups = k.shape[-3], q.shape[-3] // k.shape[-3]
            q = scope.apply(Reshape((*q.shape[:-3], *groups, *q.shape[-2:])), q)
        bias = fitted(scope, rest[0], scores, groups) if rest else None
        y = attend(
            scope, letters, q, k, v, bias, scale=self.scale or 0.0, causal=self.is_causal,
            window=self.sliding_window, softcap=self.softcap, dropout=self.dropout_p,
        )  # fmt: skip
        return y if y.shape == shape else scope.apply(Reshape(shape), y)
