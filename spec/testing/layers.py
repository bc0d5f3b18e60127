"""Random layers: for each type of the registry, when it fits a value, and its fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hypothesis import strategies as st

from spec.primitives.window import extent
from spec.testing.flow import Flow

T = TypeVar("T")
Fields = dict[str, Any]
Written = tuple[Fields, Flow]

MAX_CHANNELS = 8
MAX_EXTENT = 10
EPS = (1e-5, 1e-3, 0.1)


class Pen:
    """Draws choices, and remembers the variables that it has made for numbers."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.variables: dict[str, Any] = {}

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of some options; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def chance(self) -> bool:
        """Draw true or false."""
        return self.draw(st.booleans())

    def count(self, low: int, high: int) -> int:
        """Draw an integer between two, both included."""
        return self.draw(st.integers(low, high))

    def number(self, value: int) -> int | str:
        """Write an integer as such, as a variable, or as an expression of one."""
        way = self.pick(("plain", "plain", "variable", "expression"))
        if way == "plain":
            return value
        name = f"n{value}"
        if way == "variable":
            self.variables[name] = value
            return f"${name}"
        self.variables["unit"] = 1
        return f"${{{value - 1} + unit}}" if self.chance() else f"${{max(unit, {value})}}"

    def sizes(self, values: Sequence[int]) -> int | list[int]:
        """Write one integer for each axis, or one for all where they are equal."""
        return values[0] if len(set(values)) == 1 and self.chance() else list(values)

    def some(self, **fields: Any) -> Fields:
        """Leave out some of the fields."""
        return {name: value for name, value in fields.items() if self.chance()}


@dataclass(frozen=True)
class Writer:
    """How a type of layer is written: `fits` says after what, `write` gives fields and result.

    `write` takes whether the shape and the neurons must stay as they are.
    """

    fits: Callable[[Flow], bool]
    write: Callable[[Pen, Flow, bool], Written]
    keeps: Callable[[Flow], bool] = lambda flow: True


def linear(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a `linear`."""
    width = flow.shape[-1] if keep else pen.count(1, MAX_CHANNELS)
    fields = {
        "out_features": pen.number(width),
        **pen.some(bias=pen.chance(), in_features=flow.shape[-1], init_bound=0.5),
    }
    return fields, Flow((*flow.shape[:-1], width), flow.rank - 1)


def convolution(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a convolution: grouped or not, with any stride, padding and dilation that fit."""
    channels, *space = flow.shape
    groups = pen.pick([n for n in (1, 2, channels, 3) if channels % n == 0])
    if keep:
        out = channels
    else:
        multiples = [n for n in range(1, MAX_CHANNELS + 1) if n % groups == 0]
        out = pen.pick(multiples or [groups])
    windows = [_window(pen, size, keep) for size in space]
    kernel, stride, padding, dilation = zip(*windows, strict=True)
    fields = {
        "out_channels": pen.number(out),
        "kernel_size": pen.sizes(kernel),
        **pen.some(bias=pen.chance(), in_channels=channels),
    }
    for name, values, default in (
        ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)
    ):  # fmt: skip
        if set(values) != {default} or pen.chance():
            fields[name] = pen.sizes(values)
    if groups > 1 or pen.chance():
        fields["groups"] = groups
    modes = ["zeros", "replicate"]
    modes += ["reflect"] * all(p < n for n, p in zip(space, padding, strict=True))
    modes += ["circular"] * all(p <= n for n, p in zip(space, padding, strict=True))
    fields.update(pen.some(padding_mode=pen.pick(modes)))
    return fields, Flow((out, *_extents(space, windows)))


def _window(pen: Pen, size: int, keep: bool) -> tuple[int, int, int, int]:
    if keep:
        half, dilation = pen.count(0, 1), pen.count(1, 2)
        return 2 * half + 1, 1, half * dilation, dilation
    options = [
        (kernel, stride, padding, dilation)
        for kernel in (1, 2, 3, 4)
        for stride in (1, 2, 3)
        for padding in (0, 1, 2)
        for dilation in (1, 2)
        if 1 <= extent(size, kernel, stride, padding, dilation) <= MAX_EXTENT
    ]
    return pen.pick(options)


def _extents(space: Sequence[int], windows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(
        (size + 2 * window[2] - (window[3] if len(window) > 3 else 1) * (window[0] - 1) - 1)
        // window[1]
        + 1
        for size, window in zip(space, windows, strict=True)
    )


def pooling(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a pooling over sliding windows."""
    channels, *space = flow.shape
    windows = []
    for size in space:
        options = [
            (kernel, stride, padding)
            for kernel in (2, 1, 3)
            for stride in (kernel, *({1, 2, 3} - {kernel}))
            for padding in range(kernel // 2 + 1)
            if 1 <= extent(size, kernel, stride, padding) <= MAX_EXTENT
            and (not keep or extent(size, kernel, stride, padding) == size)
        ]
        windows.append(pen.pick(options))
    kernel, stride, padding = zip(*windows, strict=True)
    fields: Fields = {"kernel_size": pen.sizes(kernel)}
    if kernel != stride or pen.chance():
        fields["stride"] = pen.sizes(stride)
    if any(padding) or pen.chance():
        fields["padding"] = pen.sizes(padding)
    return fields, replace(flow, shape=(channels, *_extents(space, windows)))


def mean_pooling(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a mean over sliding windows."""
    fields, after = pooling(pen, flow, keep)
    return {**fields, **pen.some(count_include_pad=pen.chance())}, after


def adaptive_pooling(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a pooling into a fixed number of bins."""
    channels, *space = flow.shape
    bins = space if keep else [pen.count(1, 4) for _ in space]
    return {"output_size": pen.sizes(bins)}, replace(flow, shape=(channels, *bins))


def batch_norm(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a `batch_norm`."""
    return pen.some(
        num_features=flow.shape[0],
        eps=pen.pick(EPS),
        momentum=pen.pick((0.1, 0.5)),
        affine=pen.chance(),
    ), flow


def group_norm(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a `group_norm` whose groups have at least two elements."""
    channels = flow.shape[0]
    counts = [n for n in range(1, channels + 1) if channels % n == 0 and flow.size >= 2 * n]
    fields = {
        "num_groups": pen.pick(counts),
        **pen.some(num_channels=channels, eps=pen.pick(EPS), affine=pen.chance()),
    }
    return fields, flow


def layer_norm(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a `layer_norm` over at least two elements."""
    ends = [flow.shape[-n:] for n in range(1, flow.rank + 1)]
    shape = pen.pick([end for end in ends if Flow(end).size > 1])
    fields = pen.some(eps=pen.pick(EPS), elementwise_affine=pen.chance(), bias=pen.chance())
    if len(shape) > 1 or pen.chance():
        fields["normalized_shape"] = list(shape) if len(shape) > 1 else pen.sizes(shape)
    elif flow.shape[-1] == 1:
        fields["normalized_shape"] = list(shape)
    return fields, flow


def flatten(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a `flatten` of any adjacent axes, counted from either end."""
    start = pen.count(0, flow.rank - 1)
    end = start if keep else pen.count(start, flow.rank - 1)
    after = flow if start == end else flow.flattened(start, end)
    first, last = start + 1, end + 1
    fields = {
        "start_dim": first - (flow.rank + 1) * pen.chance(),
        "end_dim": last - (flow.rank + 1) * pen.chance(),
    }
    if first == 1 and pen.chance():
        del fields["start_dim"]
    if last == flow.rank and pen.chance():
        del fields["end_dim"]
    return fields, after


def dropout(pen: Pen, flow: Flow, keep: bool) -> Written:
    """Write a `dropout`."""
    return pen.some(p=pen.pick((0.1, 0.0, 0.9))), flow


def function(**constants: Sequence[Any]) -> Writer:
    """Make the writer of an elementwise function with these choices of its constants."""

    def write(pen: Pen, flow: Flow, keep: bool) -> Written:
        return pen.some(**{name: pen.pick(values) for name, values in constants.items()}), flow

    return Writer(lambda flow: True, write)


def _over(dims: int) -> Callable[[Flow], bool]:
    return lambda flow: flow.maps and flow.rank == dims + 1


def _channels(dims: int) -> Callable[[Flow], bool]:
    return lambda flow: flow.channels and flow.rank == dims + 1


def _settled(flow: Flow) -> bool:
    return flow.neurons == 0 or not flow.fresh


ACTIVATIONS: dict[str, Writer] = {
    **{
        name: function()
        for name in (
            "relu", "relu6", "selu", "silu", "mish", "sigmoid", "tanh", "softsign",
            "hardsigmoid", "hardswish", "hardtanh",
        )
    },
    "leaky_relu": function(negative_slope=(0.01, 0.2, -0.3)),
    "elu": function(alpha=(1.0, 0.5, 2)),
    "gelu": function(approximate=("none", "tanh")),
    "softplus": function(beta=(1.0, 0.5, 2)),
}  # fmt: skip

WEIGHTED: dict[str, Writer] = {
    "linear": Writer(lambda flow: flow.features, linear, lambda flow: not flow.merged),
    "conv1d": Writer(_channels(1), convolution),
    "conv2d": Writer(_channels(2), convolution),
}

NORMS: dict[str, Writer] = {
    "batch_norm": Writer(_settled, batch_norm),
    "group_norm": Writer(lambda flow: _settled(flow) and flow.size > 1, group_norm),
    "layer_norm": Writer(lambda flow: flow.size > 1, layer_norm),
}

POOLINGS: dict[str, Writer] = {
    "max_pool1d": Writer(_over(1), pooling),
    "max_pool2d": Writer(_over(2), pooling),
    "avg_pool1d": Writer(_over(1), mean_pooling),
    "avg_pool2d": Writer(_over(2), mean_pooling),
    "adaptive_max_pool1d": Writer(_over(1), adaptive_pooling),
    "adaptive_max_pool2d": Writer(_over(2), adaptive_pooling),
    "adaptive_avg_pool1d": Writer(_over(1), adaptive_pooling),
    "adaptive_avg_pool2d": Writer(_over(2), adaptive_pooling),
}

WRITERS: dict[str, Writer] = {
    **WEIGHTED,
    **NORMS,
    **ACTIVATIONS,
    **POOLINGS,
    "dropout": Writer(lambda flow: True, dropout),
    "flatten": Writer(lambda flow: not flow.fresh or flow.neurons == 0, flatten),
    "identity": function(),
    "add": function(),
}
"""How each type of layer is written, by the name that people write."""
