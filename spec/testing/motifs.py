"""Random groups of layers that belong together, as networks of every kind have them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

from spec.layer import Value
from spec.testing.attention_motifs import heads, mixture
from spec.testing.copy_motifs import repeated
from spec.testing.listing import Listing, Unfit, outcome
from spec.testing.pen import Fields
from spec.testing.recurrence_motifs import decayed, encoded, scanned
from spec.testing.routing_motifs import chosen, experts
from spec.testing.writers import ACTIVATIONS, NORMS

Motif = Callable[[Listing], object]


def activation(to: Listing) -> Value:
    """Add any activation."""
    return to.draw(to.pen.pick([*ACTIVATIONS]))


def branches(to: Listing) -> None:
    """Add branches from one value that are alike, or nearly, merge them, and group the result."""
    pen, x = to.pen, to.named()
    bias, deep, normed = pen.chance(), pen.chance(), pen.chance(0.2)
    hidden, width = pen.count(1, 3), pen.count(1, 3)
    between = pen.pick(["relu", "tanh", ""])
    ends = []
    for _ in range(pen.count(2, 4)):
        end = mapped(to, x, hidden if deep else width, bias)
        if between:
            end = to.add(between, {}, end)
        if deep:
            end = mapped(to, end, width, bias)
        if normed:
            end = to.add("group_norm", {"num_groups": 1}, end)
        ends.append(end if pen.chance(0.92) else activation(to))
    if pen.chance(0.2):
        ends.append(pen.pick(ends))
    merge = pen.pick(["concat", "concat", "add", "multiply"])
    axis = len(x.shape) if len(x.shape) < 2 or len(x.shape) > 4 else 1
    to.add(merge, {"dim": axis} if merge == "concat" else {}, *ends)
    if pen.chance(0.7):
        grouping(to)


def mapped(to: Listing, x: Value, width: int, bias: bool) -> Value:
    """Add a map whose kind the rank alone decides."""
    if 2 <= len(x.shape) <= 4:
        fields = {"out_channels": width, "kernel_size": 1, "bias": bias}
        return to.add(f"conv{len(x.shape) - 1}d", fields, x)
    return to.add("linear", {"out_features": width, "bias": bias}, x)


def grouping(to: Listing) -> None:
    """Add what treats the channels of the current value in groups."""
    pen, x = to.pen, to.named()
    if not x.shape:
        raise Unfit
    axis = 0 if len(x.shape) > 1 else len(x.shape) - 1
    groups = pen.divisor(x.shape[axis])
    way = pen.pick(["conv", "norm", "split", "shuffle", "pool"])
    if way == "conv":
        fields = {"out_channels": groups * pen.count(1, 2), "kernel_size": 1, "groups": groups}
        to.add(f"conv{len(x.shape) - 1}d" if 2 <= len(x.shape) <= 4 else "identity",
               fields if 2 <= len(x.shape) <= 4 else {}, x)  # fmt: skip
    elif way == "norm":
        to.add("group_norm", {"num_groups": groups}, x)
    elif way == "split":
        parted(to, x, axis, groups)
    elif way == "shuffle":
        shuffled(to, x, axis, groups)
    else:
        shape = [*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]]
        to.add("reshape", {"shape": shape}, x)
        to.add(pen.pick(["amax", "mean"]), {"dim": axis + 1 + pen.count(0, 1)})


def parted(to: Listing, x: Value, axis: int, count: int) -> None:
    """Split a value, one part after the other or one item at a time, and merge the parts."""
    pen = to.pen
    if count < 2:
        raise Unfit
    interleaved = pen.chance()
    if interleaved:
        shape = [*x.shape[:axis], x.shape[axis] // count, count, *x.shape[axis + 1 :]]
        x = to.add("reshape", {"shape": shape}, x)
        axis += 1
    parts = []
    for index in range(count):
        part = to.add("split", {"sections": count, "dim": axis + 1, "index": index}, x)
        if interleaved and pen.chance(0.3):
            part = to.add("sum", {"dim": axis + 1, "keepdim": True}, part)
        if index == 0 and pen.chance(0.7):
            part = to.add(pen.pick(["sigmoid", "silu", "tanh"]), {}, part)
        parts.append(part)
    merge = pen.pick(["multiply", "add", "concat"])
    shape = list(parts[0].shape)
    to.add(merge, {"dim": axis + 1} if merge == "concat" else {}, *parts)
    if interleaved and merge != "concat":
        del shape[axis]
        to.add("reshape", {"shape": shape or [1]})


def shuffled(to: Listing, x: Value, axis: int, groups: int) -> None:
    """Shuffle an axis: cut it, exchange the two, merge them."""
    shape = [*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]]
    to.add("reshape", {"shape": shape}, x)
    to.add("transpose", {"dim0": axis + 1, "dim1": axis + 2})
    to.add("reshape", {"shape": list(x.shape)})
    if to.pen.chance() and 2 <= len(x.shape) <= 4 and axis == 0:
        fields = {"out_channels": groups, "kernel_size": 1, "groups": groups}
        to.add(f"conv{len(x.shape) - 1}d", fields)


def decoder(to: Listing) -> None:
    """Add a linear map whose result is an image, and a convolution of it."""
    pen = to.pen
    if len(to.named().shape) > 1:
        to.add("flatten")
    dims = pen.count(1, 2)
    shape = [pen.count(1, 3), *(pen.count(1, 3) for _ in range(dims))]
    to.add("linear", {"out_features": prod(shape), "bias": pen.chance()})
    if pen.chance():
        activation(to)
    to.add("reshape", {"shape": shape})
    to.draw(pen.pick(["conv", "conv_transpose"]) + f"{dims}d")


def pixel_shuffle(to: Listing) -> None:
    """Move channels into space."""
    x, factor = to.named(), 2
    if len(x.shape) == 2 and x.shape[0] % factor == 0:
        channels, length = x.shape
        to.add("reshape", {"shape": [channels // factor, factor, length]})
        to.add("transpose", {"dim0": 2, "dim1": 3})
        to.add("reshape", {"shape": [channels // factor, factor * length]})
    elif len(x.shape) == 3 and x.shape[0] % factor**2 == 0:
        channels, height, width = x.shape
        out = channels // factor**2
        to.add("reshape", {"shape": [out * factor, factor, height, width]})
        to.add("transpose", {"dim0": 2, "dim1": 3})
        to.add("transpose", {"dim0": 3, "dim1": 4})
        to.add("reshape", {"shape": [out, factor, height, width * factor]})
        to.add("transpose", {"dim0": 2, "dim1": 3})
        to.add("reshape", {"shape": [out, height * factor, width * factor]})
    else:
        raise Unfit


def pixel_unshuffle(to: Listing) -> None:
    """Move space into channels."""
    x = to.named()
    if len(x.shape) < 2 or x.shape[-1] % 2 or len(x.shape) > 3:
        raise Unfit
    to.add("reshape", {"shape": [*x.shape[:-1], x.shape[-1] // 2, 2]})
    for axis in range(len(x.shape), 1, -1):
        to.add("transpose", {"dim0": axis, "dim1": axis + 1})
    to.add("reshape", {"shape": [2 * x.shape[0], *x.shape[1:-1], x.shape[-1] // 2]})


def outer_product(to: Listing) -> None:
    """Multiply or add each feature of one vector and each of another."""
    pen = to.pen
    vectors = [value for value in (*to.values, to.named()) if len(value.shape) == 1]
    if not vectors:
        raise Unfit
    a, b = pen.pick(vectors), pen.pick(vectors)
    first = to.add("reshape", {"shape": [*a.shape, 1]}, a)
    second = to.add("reshape", {"shape": [1, *b.shape]}, b)
    to.add(pen.pick(["multiply", "add"]), {}, first, second)


def beside(to: Listing) -> None:
    """Flatten values, and put them side by side."""
    pen, ends = to.pen, []
    for _ in range(pen.count(2, 3)):
        value = pen.pick(to.values) if to.values and pen.chance() else to.named()
        if not value.shape:
            raise Unfit
        ends.append(to.add("flatten", {}, value) if len(value.shape) > 1 else value)
    to.add("concat", {}, *ends)


def squeezed(to: Listing) -> None:
    """Scale or shift a value by a function of what it says as a whole, or by a learned number."""
    pen, x = to.pen, to.named()
    if pen.chance(0.2):
        to.add("parameter", {"shape": []}, x)
        y = to.add(pen.pick(["exp", "sigmoid", "identity"]))
        to.add(pen.pick(["multiply", "add"]), {}, *([x, y] if pen.chance() else [y, x]))
        return
    if len(x.shape) < 2:
        raise Unfit
    dims = sorted(axis + 1 for axis in pen.order(len(x.shape))[: len(x.shape) - 1])
    y = to.add(pen.pick(["mean", "amax", "sum"]), {"dim": dims, "keepdim": True}, x)
    if pen.chance() and 2 <= len(x.shape) <= 4 and dims[0] > 1:
        y = mapped(to, y, x.shape[0], pen.chance())
    to.add(pen.pick(["multiply", "add"]), {}, *([x, y] if pen.chance() else [y, x]))


def other_axis(to: Listing) -> None:
    """Do along one axis what is done along the last or the first."""
    pen, x = to.pen, to.named()
    if len(x.shape) < 2:
        raise Unfit
    first, second = pen.order(len(x.shape))[:2]
    turn = {"dim0": first + 1, "dim1": second + 1}
    to.add("transpose", turn)
    dims = len(x.shape) - 1
    types = ["softmax", "linear", *NORMS, "rms_norm", "position_embedding"]
    to.draw(pen.pick([*types, f"conv{dims}d"] if dims < 4 else types))
    if pen.chance(0.8):
        to.add("transpose", turn)


def convolution_over_tokens(to: Listing) -> None:
    """Convolve along the tokens of a sequence."""
    x = to.named()
    if len(x.shape) != 2:
        raise Unfit
    to.add("transpose", {"dim0": 1, "dim1": 2})
    to.draw("conv1d")
    to.add("transpose", {"dim0": 1, "dim1": 2})


def twice(to: Listing) -> None:
    """Use a layer two or three times, with some of its tensors shared, one after the other."""
    pen, x = to.pen, to.named()
    if not x.shape:
        raise Unfit
    kinds = ["linear", "layer_norm", "layer_scale", "rms_norm", "bias"]
    kinds += [f"conv{len(x.shape) - 1}d"] * (2 <= len(x.shape) <= 4)
    type_ = pen.pick(kinds)
    fields: Fields = {}
    if type_ == "linear":
        fields["out_features"] = x.shape[-1]
    elif type_ in ("layer_scale", "bias"):
        fields["dim"] = pen.count(1, len(x.shape))
    elif type_.startswith("conv"):
        fields = {"out_channels": x.shape[0], "kernel_size": 1}
    local = {"layer_scale": "gamma", "bias": "bias"}.get(type_, "weight")
    tensors = outcome(type_, fields, [x.shape])[1]
    name = f"shared{len(to.shared)}"
    to.shared[name] = tensors[local]
    fields["parameters"] = {local: name}
    for _ in range(pen.count(2, 3)):
        to.put(type_, fields, x.shape, to.named())
        if pen.chance():
            activation(to)
            if to.current.shape != x.shape:
                raise Unfit


def parts(to: Listing) -> None:
    """Cut a value along an axis, and read several of the parts."""
    pen, x = to.pen, to.named()
    axes = [axis for axis, size in enumerate(x.shape) if size > 1]
    if not axes:
        raise Unfit
    axis = pen.pick(axes)
    size, count = x.shape[axis], pen.count(2, min(x.shape[axis], 3))
    if pen.chance():
        found = to.add("chunk", {"chunks": count, "dim": axis + 1}, x)
        sizes = [min(-(-size // count), size - i) for i in range(0, size, -(-size // count))]
    else:
        cuts = sorted(1 + place for place in pen.order(size - 1)[: count - 1])
        sizes = [end - start for start, end in pairwise([0, *cuts, size])]
        found = to.add("split", {"sizes": sizes, "dim": axis + 1}, x)
    read = [
        Value(f"{found.name}.{place}", (*x.shape[:axis], sizes[place], *x.shape[axis + 1 :]))
        for place in pen.order(len(sizes))
    ]
    if len(read) > 1 and read[0].shape == read[1].shape and pen.chance():
        to.add(pen.pick(["multiply", "add"]), {}, *read[:2])
    else:
        to.add("concat", {"dim": axis + 1}, *read)


def itself(to: Listing) -> None:
    """Put copies of a value side by side along any axis."""
    x = to.named()
    if not x.shape:
        raise Unfit
    dim = to.pen.count(1, len(x.shape))
    to.add("concat", {"dim": dim}, *[x] * to.pen.count(2, 3))
    if dim == 1 and to.pen.chance():
        grouping(to)


MOTIFS: tuple[Motif, ...] = (
    branches, branches, grouping, decoder, pixel_shuffle, pixel_unshuffle, outer_product, beside,
    squeezed, other_axis, mixture, heads, repeated, convolution_over_tokens, itself, twice,
    parts, decayed, encoded, scanned, experts, chosen,
)  # fmt: skip
"""All motifs, by how often each is tried; each raises `Unfit` where it does not fit."""
