"""select, narrow, slice, index_select, chunk: items along an axis, by constant indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Self

from spec.fields import MAX_ENTRIES, axis, integer, integers, size
from spec.layer import Layer, Scope, Value, positive, register
from spec.layers.gather import hot
from spec.layers.split import PARTS, given_parts
from spec.layers.taking import taken
from spec.primitives import Contract, Reshape, Shape, ShapeError, show
from spec.primitives.contract import LETTERS
from spec.primitives.take import run_of, runs_of
from spec.records import record


def counted_index(index: int, dim: int, shape: Shape) -> int:
    """Count an index from the front, after checking that the axis has it."""
    count = shape[dim - 1]
    if not -count <= index < count:
        raise ShapeError(
            f"`index` {index} is not on axis {dim} of {show(shape)}: expected {-count} to "
            f"{count - 1}; negative ones count from the end"
        )
    return index % count


@register("select")
@record(frozen=True, kw_only=True)
class Select(Layer):
    """Item `index` along `dim`, which goes, as `torch.select`; a negative one from the end."""

    dim: int = axis()
    index: int = integer()

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        return replace(self, dim=dim, index=counted_index(self.index, dim, shapes[0]))

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        one = taken(scope, x, self.dim - 1, [(self.index, 1, 0)])
        return scope.apply(Reshape((*x.shape[: self.dim - 1], *x.shape[self.dim :])), one)


@register("narrow")
@record(frozen=True, kw_only=True)
class Narrow(Layer):
    """The `length` items along `dim` from `start` on, as `torch.narrow`."""

    dim: int = axis()
    start: int = integer()
    length: int = size()

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        count = shapes[0][dim - 1]
        start = self.start + count if self.start < 0 else self.start
        if not 0 <= start <= count - self.length:
            raise ShapeError(
                f"there are no {self.length} items from `start` {self.start} on along axis {dim} "
                f"of {show(shapes[0])}"
            )
        return replace(self, dim=dim, start=start)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        return taken(scope, x, self.dim - 1, [(self.start, self.length, 1)])


@register("slice")
@record(frozen=True, kw_only=True)
class Slices(Layer):
    """The items `start:stop:step` along `dim`, as Python counts them; a negative step goes back."""

    dim: int = axis()
    start: int | None = integer(default=None)
    stop: int | None = integer(default=None)
    step: int = integer(default=1)

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        if not self.step:
            raise ShapeError("`step` is 0; expected a positive or a negative integer")
        if not range(shapes[0][dim - 1])[self.start : self.stop : self.step]:
            raise ShapeError(
                f"the slice has no items: `start` {self.start}, `stop` {self.stop}, `step` "
                f"{self.step} along axis {dim} of {show(shapes[0])}"
            )
        return replace(self, dim=dim)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        places = range(x.shape[self.dim - 1])[self.start : self.stop : self.step]
        return taken(scope, x, self.dim - 1, [run_of(places)])


@register("index_select")
@record(frozen=True, kw_only=True)
class IndexSelect(Layer):
    """The items `index` along `dim`, in any order and as often as named: `torch.index_select`.

    With a second input of indices `[N, k]`, the k items that it names for each sample. It is an
    input of the network, or whole numbers that something computes, such as `argmax`.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (1, 2)

    dim: int = axis()
    index: tuple[int, ...] | None = integers(default=None)

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        if (self.index is None) == (len(shapes) == 1):
            raise ShapeError("`index_select` needs either `index` or a second input of indices")
        if self.index is None:
            return replace(self, dim=dim)
        index = tuple(counted_index(place, dim, shapes[0]) for place in self.index)
        return replace(self, dim=dim, index=index)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, *indices = inputs
        place = self.dim - 1
        if self.index is not None:
            return taken(scope, x, place, runs_of(self.index))
        chosen = hot(scope, indices[0], x.shape[place], x)
        letters, more = LETTERS[: len(x.shape)], LETTERS[len(x.shape) :][: len(chosen.shape) - 1]
        before, one, behind = letters[:place], letters[place], letters[place + 1 :]
        equation = f"{more}{one},{letters}->{before}{more}{behind}"
        return scope.apply(Contract(equation, values=2), chosen, x)


@register("chunk")
@record(frozen=True, kw_only=True)
class Chunk(Layer):
    """Part `index` of at most `chunks` parts of one length, but for the last, as `torch.chunk`.

    Each part is a value too: `name.0`, `name.1` and so on.
    """

    further: ClassVar[Mapping[str, str]] = PARTS

    chunks: int = size(maximum=MAX_ENTRIES)
    dim: int = axis(default=1)
    index: int = size(default=0, minimum=0)

    def infer(self, *shapes: Shape) -> Self:
        dim = positive("dim", self.dim, shapes[0])
        parts = len(self._parts(shapes[0][dim - 1]))
        if self.index >= parts:
            raise ShapeError(
                f"`index` is {self.index}, but axis {dim} of {show(shapes[0])} has the chunks 0 to "
                f"{parts - 1}"
            )
        return replace(self, dim=dim)

    def _parts(self, count: int) -> list[range]:
        length = -(-count // self.chunks)
        return [range(i, min(i + length, count)) for i in range(0, count, length)]

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        (x,) = inputs
        parts = [(part.start, part.stop) for part in self._parts(x.shape[self.dim - 1])]
        return given_parts(scope, x, self.dim, parts, self.index)
