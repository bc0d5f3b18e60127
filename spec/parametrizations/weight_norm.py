"""weight_norm: a weight of directions and lengths, along any of its axes.

A length multiplies what its part of the weight reads or gives. Those of a kernel's places multiply
each window of the input apart, which the kernel then steps over from window to window.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from spec.architecture import TensorSpec
from spec.parametrizations.kinds import Made, Parametrization, axis_of
from spec.primitives import (
    Contract,
    Elementwise,
    Lookup,
    Preparation,
    Reduce,
    RefusalError,
    Reshape,
    Shape,
    Take,
    Window,
)
from spec.primitives.take import NONE, beyond, items_of, run_of, runs_of

if TYPE_CHECKING:
    from spec.layer import Scope, Value


def kept_axis(how: Parametrization, shape: Shape) -> int | None:
    """Give the axis along which lengths differ; None if there is one for the whole weight."""
    dim: int | None = how["dim"]
    if dim is None or dim == -1:  # as in PyTorch, where -1 is not the last axis
        return None
    return axis_of(dim, shape)


def declare(
    scope: Scope, prefix: str, shape: Shape, initial: tuple[str, float], how: Parametrization
) -> tuple[TensorSpec, tuple[TensorSpec, ...]]:
    """Declare the lengths, and the directions that stand for the weight."""
    kept = kept_axis(how, shape)
    names = ("_g", "_v") if how["legacy"] else (".original0", ".original1")
    sizes = () if kept is None else tuple(n if i == kept else 1 for i, n in enumerate(shape))
    fan = prod(shape) // (1 if kept is None else shape[kept])
    length = ("constant", initial[1] * (fan / (3 if initial[0] == "uniform" else 1)) ** 0.5)
    lengths = scope.declare(prefix + names[0], sizes, length)
    return scope.declare(prefix + names[1], shape, initial), (lengths,)


def apply(
    scope: Scope, primitive: Contract | Window | Lookup, x: Value, tensor: TensorSpec, made: Made
) -> Value:
    """Apply a weight `g v / |v|`: divided in the weight, multiplied at the input or the output."""
    kept = kept_axis(made.how, tensor.shape)
    axes = tuple(axis for axis in range(len(tensor.shape)) if axis != kept)
    ready = replace(primitive, prepared=Preparation("norm", axes))
    (lengths,) = made.others
    if kept is None:
        y = scope.record(ready, x, tensors=(tensor,))
        return scope.record(Elementwise("multiply"), y, tensors=(lengths,))
    if isinstance(ready, Lookup):
        return of_table(scope, ready, x, tensor, lengths, kept)
    if isinstance(ready, Contract):
        place, enters = place_in_product(ready, kept)
        return multiplied(scope, ready, x, tensor, lengths, kept, place, enters)
    if kept < 2:
        enters = ready.transposed == (kept == 0)
        groups = ready.groups if kept else 1
        return multiplied(scope, ready, x, tensor, lengths, kept, 0, enters, groups)
    if ready.symmetry:
        raise RefusalError(
            f"`weight_norm` with `dim: {made.how['dim']}` along a kernel that turns: its places "
            "turn too, and their lengths with them; take 0, a length for each output"
        )
    act = spread_out if ready.transposed else window_by_window
    return act(scope, ready, x, tensor, lengths, kept)


def scaled(scope: Scope, x: Value, lengths: TensorSpec, kept: int, axis: int) -> Value:
    """Multiply an axis of a value by lengths, which have `kept` axes of one in front."""
    shape = x.shape
    if kept:
        x = scope.record(Reshape((*shape[:axis], *(1,) * kept, *shape[axis:])), x)
    x = scope.record(Elementwise("multiply", axis=axis), x, tensors=(lengths,))
    return scope.record(Reshape(shape), x) if kept else x


def place_in_product(primitive: Contract, kept: int) -> tuple[int, bool]:
    """Give the axis of a value that is one of the weight's, and whether it is of the input."""
    letter = primitive.operands[-1][kept]
    if letter in primitive.output:
        return primitive.output.index(letter), False
    return primitive.operands[0].index(letter), True


def multiplied(
    scope: Scope, ready: Contract | Window, x: Value, tensor: TensorSpec, lengths: TensorSpec,
    kept: int, axis: int, enters: bool, groups: int = 1,
) -> Value:  # fmt: skip
    """Multiply lengths along an axis of the input or the output, in each of some groups alike."""
    y = x if enters else scope.record(ready, x, tensors=(tensor,))
    shape = y.shape
    if groups > 1:
        split = (groups, shape[axis] // groups)
        y = scope.record(Reshape((*shape[:axis], *split, *shape[axis + 1 :])), y)
    y = scaled(scope, y, lengths, kept, axis + (groups > 1))
    if groups > 1:
        y = scope.record(Reshape(shape), y)
    return scope.record(ready, y, tensors=(tensor,)) if enters else y


def of_table(
    scope: Scope, ready: Lookup, x: Value, tensor: TensorSpec, lengths: TensorSpec, kept: int
) -> Value:
    """Multiply the features of rows by theirs, or each row by the one of its index."""
    rows = scope.record(ready, x, tensors=(tensor,))
    if kept:
        return scaled(scope, rows, lengths, kept, len(x.shape))
    own = scope.record(Lookup("table"), x, tensors=(lengths,))
    return scope.record(Elementwise("multiply"), rows, own)


def window_by_window(
    scope: Scope, ready: Window, x: Value, tensor: TensorSpec, lengths: TensorSpec, kept: int
) -> Value:
    """Put the windows along one axis behind one another, and multiply each by the lengths."""
    along, axis, taps = kept - 2, kept - 1, tensor.shape[kept]
    output = ready.shape((x.shape,), (tensor.shape,))
    size, windows = x.shape[axis], output[axis]
    mode = "constant" if ready.padding_mode == "zeros" else ready.padding_mode
    front, back = beyond(mode, range(size), ready.padding[along], ready.padding[along])
    around = [*items_of((front, run_of(range(size)), back))]
    places = [
        around[i * ready.stride[along] + tap * ready.dilation[along]]
        for i in range(windows)
        for tap in range(taps)
    ]
    x = chosen(scope, x, axis, places)
    shape = x.shape
    x = scope.record(Reshape((*shape[:axis], windows, taps, *shape[axis + 1 :])), x)
    x = scope.record(Reshape(shape), scaled(scope, x, lengths, kept, axis + 1))
    return scope.record(stepping(ready, along, taps), x, tensors=(tensor,))


def spread_out(
    scope: Scope, ready: Window, x: Value, tensor: TensorSpec, lengths: TensorSpec, kept: int
) -> Value:
    """Give the kernel of each place apart, multiply by the lengths, and sum where they overlap."""
    along, axis, taps = kept - 2, kept - 1, tensor.shape[kept]
    size, after = x.shape[axis], ready.shape((x.shape,), (tensor.shape,))[axis]
    y = scope.record(stepping(ready, along, taps), x, tensors=(tensor,))
    shape = y.shape
    y = scope.record(Reshape((*shape[:axis], size, taps, *shape[axis + 1 :])), y)
    y = scope.record(Reshape(shape), scaled(scope, y, lengths, kept, axis + 1))
    stride, dilation, padding = ready.stride[along], ready.dilation[along], ready.padding[along]
    places = []
    for place in range(after):
        for tap in range(taps):
            item, rest = divmod(place + padding - tap * dilation, stride)
            there = not rest and 0 <= item < size
            places.append(item * taps + tap if there else NONE)
    y = chosen(scope, y, axis, places)
    y = scope.record(Reshape((*shape[:axis], after, taps, *shape[axis + 1 :])), y)
    return scope.record(Reduce("sum", axes=(axis + 1,)), y)


def chosen(scope: Scope, x: Value, axis: int, places: list[int]) -> Value:
    """Take items along an axis; x itself where these are all, in order."""
    if places == list(range(x.shape[axis])):
        return x
    return scope.record(Take(axis, runs_of(places)), x)


def stepping(window: Window, along: int, taps: int) -> Window:
    """Let a kernel step from window to window along one axis."""

    def put(values: tuple[int, ...], value: int) -> tuple[int, ...]:
        return (*values[:along], value, *values[along + 1 :]) if values else values

    return replace(
        window,
        stride=put(window.stride, taps),
        padding=put(window.padding, 0),
        dilation=put(window.dilation, 1),
        output_padding=put(window.output_padding, 0),
    )
