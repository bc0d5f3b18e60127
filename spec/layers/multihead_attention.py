"""multihead_attention: tokens that attend to tokens, in several heads."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self, TypeVar

from spec.attention import LEADING, attend, check_causal, check_window, fitted
from spec.fields import choice, flag, number, probability, size
from spec.layer import Layer, Scope, Value, agree, register
from spec.primitives import (
    Normalise,
    Reshape,
    Rotary,
    Shape,
    ShapeError,
    Slice,
    matrix_product,
    show,
)
from spec.records import record

T = TypeVar("T")


QK_EPS = 1e-5


@register("multihead_attention")
@record(frozen=True, kw_only=True)
class MultiheadAttention(Layer):
    """`softmax(scale Q K^T) V` in several heads (Vaswani et al. 2017, eq. 1), as in `torch.nn`.

    One input attends to itself, of two the first (queries) attends to the second (context); three
    are what queries, keys and values are made of, and a fourth is a bias or mask of the scores,
    `[N, heads, queries, keys]` or less. All are `[N, ..., tokens, features]`. Heads may share keys
    and values (`num_kv_heads`), and rotary positions turn queries and keys (`rotary` is their base)
    behind a norm of each head's or of all (`qk_norm`). Scores are kept below `softcap`; in a
    `sliding_window` a token sees the last ones, itself included, and if not `causal` as many next
    ones. While training the shares have `dropout`. The projections are one tensor if `packed`,
    else one each.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 4)

    embed_dim: int | None = size(default=None)
    num_heads: int = size()
    kdim: int | None = size(default=None)
    vdim: int | None = size(default=None)
    num_kv_heads: int | None = size(default=None)
    head_dim: int | None = size(default=None)
    causal: bool = flag(default=False)
    sliding_window: int | None = size(default=None)
    bias: bool = flag(default=True)
    query_bias: bool | None = flag(default=None)
    key_bias: bool | None = flag(default=None)
    value_bias: bool | None = flag(default=None)
    out_bias: bool | None = flag(default=None)
    packed: bool = flag(default=True)
    qk_norm: str = choice(("none", "layer_norm", "rms_norm"), default="none")
    qk_norm_over: str = choice(("head", "all"), default="head")
    qk_norm_eps: float = number(default=QK_EPS, minimum=0.0)
    rotary: float | None = number(default=None, minimum=1e-12)
    rotary_size: int | None = size(default=None)
    rotary_interleaved: bool = flag(default=False)
    scale: float | None = number(default=None)
    softcap: float | None = number(default=None, minimum=1e-12)
    dropout: float = probability(default=0.0)

    def infer(self, *shapes: Shape) -> Self:
        query, key, value = three(shapes)
        for shape in (query, key, value):
            if len(shape) < 2 or len(shape) != len(query) or shape[:-2] != query[:-2]:
                raise ShapeError(
                    "`multihead_attention` needs [N, length, features], or more axes in front that "
                    f"are alike, got {' and '.join(map(show, dict.fromkeys(shapes[:3])))}"
                )
        if key[-2] != value[-2]:
            raise ShapeError(f"{key[-2]} keys need as many values, got {show(value)}")
        if self.causal:
            check_causal(query[-2], key[-2])
        check_window(query[-2], key[-2], self.sliding_window, self.causal)
        features = query[-1]
        kv_heads = self.num_kv_heads or self.num_heads
        if self.num_heads % kv_heads:
            raise ShapeError(
                f"`num_heads` {self.num_heads} does not divide into `num_kv_heads` {kv_heads} "
                "groups"
            )
        for field, of, said in (
            ("rotary_size", "rotary", self.rotary_size is not None and self.rotary is None),
            ("rotary_interleaved", "rotary", self.rotary_interleaved and self.rotary is None),
            ("qk_norm_over", "qk_norm", self.qk_norm_over != "head" and self.qk_norm == "none"),
            ("qk_norm_eps", "qk_norm", self.qk_norm_eps != QK_EPS and self.qk_norm == "none"),
        ):
            if said:
                raise ShapeError(f"`{field}` says nothing where `{of}` is none")
        if self.head_dim is None and features % self.num_heads:
            raise ShapeError(
                f"{features} features do not divide into {self.num_heads} heads: give `head_dim`"
            )
        if self.packed and not key[-1] == value[-1] == features:
            raise ShapeError(
                f"packed projections need a context of {features} features, got "
                f"{value[-1] if key[-1] == features else key[-1]}: give `packed: false`"
            )
        biases = [self.bias if own is None else own
                  for own in (self.query_bias, self.key_bias, self.value_bias)]  # fmt: skip
        if self.packed and len(set(biases)) > 1:
            raise ShapeError("packed projections have one bias, or none: give `packed: false`")
        head_dim = self.head_dim or features // self.num_heads
        return replace(
            self,
            embed_dim=agree("embed_dim", self.embed_dim, features),
            kdim=agree("kdim", self.kdim, key[-1]),
            vdim=agree("vdim", self.vdim, value[-1]),
            num_kv_heads=kv_heads,
            head_dim=head_dim,
            query_bias=biases[0],
            key_bias=biases[1],
            value_bias=biases[2],
            out_bias=self.bias if self.out_bias is None else self.out_bias,
            rotary_size=self.rotary_size or (None if self.rotary is None else head_dim),
            scale=head_dim**-0.5 if self.scale is None else self.scale,
        )

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        query, key, value = three(inputs)
        kv_heads, head_dim = self.num_kv_heads or 1, self.head_dim or 1
        width, kv_width = self.num_heads * head_dim, kv_heads * head_dim
        project = self._packed if self.packed else self._separate
        q, k, v = project(scope, (query, key, value), (width, kv_width, kv_width))
        groups = (kv_heads, self.num_heads // kv_heads)
        tokens, keys = query.shape[:-1], key.shape[:-1]
        q, k = self._normed(scope, "q_norm.", q, "all"), self._normed(scope, "k_norm.", k, "all")
        q = scope.apply(Reshape((*tokens, *groups, head_dim)), q)
        k, v = (scope.apply(Reshape((*keys, kv_heads, head_dim)), each) for each in (k, v))
        q, k = self._normed(scope, "q_norm.", q, "head"), self._normed(scope, "k_norm.", k, "head")
        q, k = self._turned(scope, q, len(tokens) - 1), self._turned(scope, k, len(keys) - 1)
        bias = None
        if len(inputs) == 4:
            scores = (*tokens[:-1], self.num_heads, tokens[-1], keys[-1])
            bias = fitted(scope, inputs[3], scores, groups)
        front = LEADING[: len(tokens) - 1]
        mixed = attend(
            scope, (f"{front}tkgd", f"{front}skd", f"{front}ske"), q, k, v, bias,
            scale=self.scale or 0.0, causal=self.causal,
            window=self.sliding_window, softcap=self.softcap, dropout=self.dropout,
        )  # fmt: skip
        y = scope.apply(Reshape((*tokens, width)), mixed)
        bound = ("uniform", width**-0.5)
        return self._linear(scope, "out_proj.", y, query.shape[-1], bound, bool(self.out_bias))

    def _packed(
        self, scope: Scope, values: tuple[Value, Value, Value], widths: tuple[int, ...]
    ) -> list[Value]:
        total = sum(widths)
        bound = ("uniform", (6 / (total + values[0].shape[-1])) ** 0.5)
        projected = {
            x: self._linear(scope, "in_proj_", x, total, bound, bool(self.query_bias))
            for x in dict.fromkeys(values)
        }
        ends = [sum(widths[: i + 1]) for i in range(3)]
        return [
            scope.apply(Slice(len(x.shape) - 1, end - width, end), projected[x])
            for x, end, width in zip(values, ends, widths, strict=True)
        ]

    def _separate(
        self, scope: Scope, values: tuple[Value, Value, Value], widths: tuple[int, ...]
    ) -> list[Value]:
        biases = self.query_bias, self.key_bias, self.value_bias
        return [
            self._linear(
                scope, f"{letter}_proj.", x, width,
                ("uniform", (6 / (width + x.shape[-1])) ** 0.5), bool(bias),
            )
            for letter, x, width, bias in zip("qkv", values, widths, biases, strict=True)
        ]  # fmt: skip

    def _linear(
        self, scope: Scope, prefix: str, x: Value, features: int, initial: tuple[str, float],
        bias: bool,
    ) -> Value:  # fmt: skip
        weight = scope.parameter(f"{prefix}weight", (features, x.shape[-1]), initial)
        y = scope.apply(matrix_product(len(x.shape)), x, tensors=(weight,))
        if bias:
            zeros = ("constant", 0.0)
            y = scope.add(y, scope.parameter(f"{prefix}bias", (features,), zeros), axis=-1)
        return y

    def _normed(self, scope: Scope, prefix: str, x: Value, over: str) -> Value:
        """Normalise the features of each head, or of all together, if that is asked for."""
        if self.qk_norm == "none" or self.qk_norm_over != over:
            return x
        kind = self.qk_norm.removesuffix("_norm")
        size = x.shape[-1:]
        x = scope.apply(Normalise(kind, self.qk_norm_eps), x)
        x = scope.multiply(x, scope.parameter(f"{prefix}weight", size, ("constant", 1.0)), axis=-1)
        if kind == "layer":
            x = scope.add(x, scope.parameter(f"{prefix}bias", size, ("constant", 0.0)), axis=-1)
        return x

    def _turned(self, scope: Scope, x: Value, axis: int) -> Value:
        """Apply the rotary positions, if any."""
        if self.rotary is None:
            return x
        size = self.rotary_size or 0
        return scope.apply(Rotary(axis, size, self.rotary, self.rotary_interleaved), x)


def three(given: tuple[T, ...]) -> tuple[T, T, T]:
    """Give what queries, keys and values are made of."""
    return given[0], given[min(1, len(given) - 1)], given[min(2, len(given) - 1)]
