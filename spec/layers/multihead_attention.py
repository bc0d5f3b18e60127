"""multihead_attention: mixtures of values, weighted by how queries match keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from spec.fields import flag, number, probability, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import (
    Contract,
    Elementwise,
    Normalise,
    Reshape,
    Rotary,
    Shape,
    ShapeError,
    Slice,
    matrix_product,
    show,
)


@register("multihead_attention")
@dataclass(frozen=True, kw_only=True)
class MultiheadAttention(Layer):
    """`softmax(scale Q K^T) V` in several heads (Vaswani et al. 2017, eq. 1), as in `torch.nn`.

    One input attends to itself, of two the first (queries) attends to the second (context). Heads
    may share keys and values (`num_kv_heads`), and rotary positions turn queries and keys
    (`rotary` is their base). While training the shares have `dropout`. The projections are one
    tensor if `packed`, else one each.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 2)

    embed_dim: int | None = size(default=None)
    num_heads: int = size()
    num_kv_heads: int | None = size(default=None)
    head_dim: int | None = size(default=None)
    causal: bool = flag(default=False)
    bias: bool = flag(default=True)
    out_bias: bool | None = flag(default=None)
    packed: bool = flag(default=True)
    rotary: float | None = number(default=None, minimum=1e-12)
    rotary_size: int | None = size(default=None)
    rotary_interleaved: bool = flag(default=False)
    scale: float | None = number(default=None)
    dropout: float = probability(default=0.0)

    def infer(self, *shapes: Shape) -> Self:
        for shape in shapes:
            if len(shape) != 2:
                raise ShapeError(
                    f"`multihead_attention` needs [N, length, features], got {show(shape)}"
                )
        blind = shapes[0][0] - shapes[-1][0]
        if self.causal and blind > 0:
            raise ShapeError(
                f"{shapes[0][0]} queries and {shapes[-1][0]} keys: the first {blind} queries would "
                "see no key of a `causal` attention, whose last query sees all"
            )
        features, context = shapes[0][1], shapes[-1][1]
        kv_heads = self.num_kv_heads or self.num_heads
        if self.num_heads % kv_heads:
            raise ShapeError(
                f"`num_heads` {self.num_heads} does not divide into `num_kv_heads` {kv_heads} "
                "groups"
            )
        if self.head_dim is None and features % self.num_heads:
            raise ShapeError(
                f"{features} features do not divide into {self.num_heads} heads: give `head_dim`"
            )
        if self.packed and context != features:
            raise ShapeError(
                f"packed projections need a context of {features} features, got {context}: give "
                "`packed: false`"
            )
        head_dim = self.head_dim or features // self.num_heads
        return replace(
            self,
            embed_dim=agree("embed_dim", self.embed_dim, features),
            num_kv_heads=kv_heads,
            head_dim=head_dim,
            out_bias=self.bias if self.out_bias is None else self.out_bias,
            rotary_size=self.rotary_size or (None if self.rotary is None else head_dim),
            scale=head_dim**-0.5 if self.scale is None else self.scale,
        )

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        query, context = inputs[0], inputs[-1]
        kv_heads, head_dim = self.num_kv_heads or 1, self.head_dim or 1
        width, kv_width = self.num_heads * head_dim, kv_heads * head_dim
        project = self._packed if self.packed else self._separate
        q, k, v = project(scope, query, context, (width, kv_width, kv_width))
        groups = (kv_heads, self.num_heads // kv_heads, head_dim)
        q = self._turned(scope, scope.apply(Reshape((query.shape[0], *groups)), q))
        k, v = (
            scope.apply(Reshape((context.shape[0], kv_heads, head_dim)), each) for each in (k, v)
        )
        k = self._turned(scope, k)
        scores = scope.apply(Contract("tkgd,skd->kgts", values=2), q, k)
        scores = scope.apply(Elementwise("scale_by", (("factor", self.scale or 0.0),)), scores)
        if self.causal:
            scores = scope.apply(Elementwise("causal_mask"), scores)
        shares = scope.apply(Normalise("softmax", 0.0), scores)
        if self.dropout:
            shares = scope.apply(Elementwise("dropout", (("p", self.dropout),)), shares)
        mixed = scope.apply(Contract("kgts,skd->tkgd", values=2), shares, v)
        y = scope.apply(Reshape((query.shape[0], width)), mixed)
        bound = ("uniform", width**-0.5)
        return self._linear(scope, "out_proj.", y, query.shape[1], bound, bias=bool(self.out_bias))

    def _packed(
        self, scope: Scope, query: Value, context: Value, widths: tuple[int, ...]
    ) -> list[Value]:
        total = sum(widths)
        bound = ("uniform", (6 / (total + query.shape[1])) ** 0.5)
        both = [
            self._linear(scope, "in_proj_", x, total, bound, bias=self.bias)
            for x in dict.fromkeys((query, context))
        ]
        ends = [sum(widths[: i + 1]) for i in range(3)]
        return [
            scope.apply(Slice(1, end - width, end), both[0] if i == 0 else both[-1])
            for i, (end, width) in enumerate(zip(ends, widths, strict=True))
        ]

    def _separate(
        self, scope: Scope, query: Value, context: Value, widths: tuple[int, ...]
    ) -> list[Value]:
        return [
            self._linear(
                scope,
                f"{letter}_proj.",
                x,
                width,
                ("uniform", (6 / (width + x.shape[1])) ** 0.5),
                bias=self.bias,
            )
            for letter, x, width in zip("qkv", (query, context, context), widths, strict=True)
        ]

    def _linear(
        self,
        scope: Scope,
        prefix: str,
        x: Value,
        features: int,
        initial: tuple[str, float],
        *,
        bias: bool,
    ) -> Value:
        weight = scope.parameter(f"{prefix}weight", (features, x.shape[1]), initial)
        y = scope.apply(matrix_product(2), x, tensors=(weight,))
        if bias:
            zeros = ("constant", 0.0)
            y = scope.add(y, scope.parameter(f"{prefix}bias", (features,), zeros), axis=-1)
        return y

    def _turned(self, scope: Scope, x: Value) -> Value:
        """Apply the rotary positions, if any."""
        if self.rotary is None:
            return x
        size = self.rotary_size or 0
        return scope.apply(Rotary(0, size, self.rotary, self.rotary_interleaved), x)
