"""relative_position_bias, window_position_bias, alibi: biases of scores by where tokens are."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from itertools import chain
from typing import ClassVar, Self

from spec.fields import MAX_ENTRIES, flag, size, sizes
from spec.layer import Layer, Scope, Value, register
from spec.layers.taking import taken
from spec.primitives import Elementwise, Fixed, Learned, Reshape, Shape, ShapeError, Transpose, show
from spec.primitives.take import Run, part_of, runs_of
from spec.records import record

MOST_QUERIES = 65_536
MOST_PLACES = 4_096
"""The most tokens that a bias has a row for, and the most places of a window."""


@register("relative_position_bias")
@record(frozen=True, kw_only=True)
class RelativePositionBias(Layer):
    """A learned bias of scores for each head and bucket of distances (T5; Raffel et al. 2020).

    The inputs, `[N, ..., queries, features]` and maybe `[N, ..., keys, features]`, only say how
    many tokens there are. Gives `[N, heads, queries, keys]`. The last query meets the last key.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 2)

    num_heads: int = size()
    num_buckets: int = size(default=32, minimum=2, summary="rows of the table")
    max_distance: int = size(default=128, summary="from where on all distances are one")
    bidirectional: bool = flag(default=True, summary="whether keys behind a query have buckets")

    def infer(self, *shapes: Shape) -> Self:
        if min(map(len, shapes)) < 2:
            told = " and ".join(map(show, shapes))
            raise ShapeError(f"`{self.type}` needs [N, ..., tokens, features], got {told}")
        if shapes[0][-2] > MOST_QUERIES:
            raise ShapeError(f"`{self.type}` takes at most {MOST_QUERIES:,} queries, got "
                             f"{show(shapes[0])}")  # fmt: skip
        least = 4 if self.bidirectional else 2
        if self.num_buckets < least:
            raise ShapeError(f"`num_buckets` is {self.num_buckets}, expected at least {least}")
        exact = 2 * self.num_buckets // least // 2
        if self.max_distance <= exact:
            raise ShapeError(
                f"`max_distance` is {self.max_distance}, but {self.num_buckets} buckets keep "
                f"distances below {exact} apart; expected more than {exact}"
            )
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        queries, keys = inputs[0].shape[-2], inputs[-1].shape[-2]
        shape = self.num_buckets, self.num_heads
        table = scope.parameter("weight", shape, ("normal", 0.02))
        runs = runs_of(self.bucket(distance) for distance in range(1 - keys, queries))
        parts = (part_of(runs, start, start + keys) for start in range(queries)[::-1])
        learned = scope.apply(Learned(), inputs[0], tensors=(table,))
        return by_head(scope, learned, chain.from_iterable(parts), (queries, keys))

    def bucket(self, distance: int) -> int:
        """Give the row for a key that lies so far behind a query.

        As the published models do, in single precision: some distances lie on a border.
        """
        count, first = self.num_buckets, 0
        if self.bidirectional:
            count //= 2
            first = count if distance > 0 else 0
            distance = abs(distance)
        else:
            distance = max(-distance, 0)
        exact = count // 2
        if distance < exact:
            return first + distance
        share = single(math.log(single(distance / exact)))
        share = single(share / math.log(self.max_distance / exact))
        return first + min(exact + int(single(share * (count - exact))), count - 1)


@register("window_position_bias")
@record(frozen=True, kw_only=True)
class WindowPositionBias(Layer):
    """A learned bias of scores for each head and offset in a window (Swin; Liu et al. 2021, eq. 4).

    The input, `[N, ..., tokens, features]`, has the tokens of windows of `window_size` places, row
    by row. Gives `[N, heads, tokens, tokens]`.
    """

    num_heads: int = size()
    window_size: tuple[int, int] = sizes(2, summary="height and width of a window")

    def infer(self, *shapes: Shape) -> Self:
        height, width = self.window_size
        if height * width > MOST_PLACES:
            raise ShapeError(f"`window_size` {list(self.window_size)} has {height * width:,} "
                             f"places, at most {MOST_PLACES:,} can be said")  # fmt: skip
        if len(shapes[0]) < 2 or shapes[0][-2] != height * width:
            raise ShapeError(
                f"`{self.type}` needs {height * width} tokens of a window on the axis before the "
                f"last, got {show(shapes[0])}"
            )
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        height, width = self.window_size
        rows = (2 * height - 1) * (2 * width - 1)
        table = scope.parameter("relative_position_bias_table", (rows, self.num_heads),
                                ("normal", 0.02))  # fmt: skip
        tokens = height * width
        runs = (
            ((row - key + height - 1) * (2 * width - 1) + column + width - 1, width, -1)
            for row in range(height)
            for column in range(width)
            for key in range(height)
        )
        learned = scope.apply(Learned(), x, tensors=(table,))
        return by_head(scope, learned, runs, (tokens, tokens))


@register("alibi")
@record(frozen=True, kw_only=True)
class Alibi(Layer):
    """A fixed bias of scores that grows along the keys, for each head at a speed of its own.

    The input, `[N, ..., keys, features]`, only says how many keys there are. Gives
    `[N, heads, 1, keys]`; a softmax does not see where it begins (Press et al. 2022).
    """

    num_heads: int = size(maximum=MAX_ENTRIES)

    def infer(self, *shapes: Shape) -> Self:
        if len(shapes[0]) < 2:
            raise ShapeError(f"`alibi` needs [N, ..., keys, features], got {show(shapes[0])}")
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        keys = x.shape[-2]
        speeds = scope.apply(Fixed((self.num_heads, 1, 1), "numbers", slopes(self.num_heads)), x)
        places = scope.apply(Fixed((keys,), "arange", (0.0, 1.0)), x)
        places = scope.apply(Reshape((1, 1, keys)), places)
        return scope.apply(Elementwise("multiply"), speeds, places)


def by_head(scope: Scope, table: Value, runs: Iterable[Run], shape: tuple[int, int]) -> Value:
    """Take rows of a table `[rows, heads]`, and give them as `[heads, *shape]`."""
    rows = taken(scope, table, 0, runs)
    rows = scope.apply(Reshape((*shape, table.shape[1])), rows)
    return scope.apply(Transpose((2, 0, 1)), rows)


def slopes(heads: int) -> tuple[float, ...]:
    """Give the speed of each head: powers of one number, and every other of its root's.

    >>> slopes(2), slopes(3)
    ((0.0625, 0.00390625), (0.0625, 0.00390625, 0.25))
    """
    whole = 2 ** int(math.log2(heads))
    base = 2.0 ** -(8 / whole)
    root = 2.0 ** -(4 / whole)
    own = [base**power for power in range(1, whole + 1)]
    return tuple(own + [root**power for power in range(1, 2 * (heads - whole), 2)])


def single(number: float) -> float:
    """Round a number to single precision."""
    result: float = struct.unpack("f", struct.pack("f", number))[0]
    return result
