"""Norms: by running statistics, over the last axes, over groups of channels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from graphgen.importers.network import Weight
from graphgen.importers.operators.convolution import turned
from graphgen.importers.operators.elementwise import combine
from graphgen.importers.operators.samples import framed, merged, split_again, unframed
from graphgen.importers.operators.shapes import reshape
from graphgen.importers.traced import Traced, Value
from graphgen.importers.tracer import Tracer


def batch_norm(
    t: Tracer,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    mean: Traced,
    variance: Traced,
    eps: float,
    counter: Traced | None = None,
) -> Value:
    """Normalise the channels of `[N, channels, *space]` by running statistics."""
    value = t.value(x)
    frame = framed(t, value, len(value.shape) - 1)
    channels = frame.rest[0]
    stored = {"running_mean": t.weight(mean, "the running mean")}
    stored["running_var"] = t.weight(variance, "the running variance")
    if counter is not None:
        stored["num_batches_tracked"] = t.weight(counter, "the number of batches")
    inner = frame.value
    place = len(frame.head)
    if frame.items is not None:
        inner = turned(t, inner, place)
    y, late = _affine(t, "batch_norm", inner, {"eps": float(eps)}, weight, bias, "affine", stored)
    if frame.items is not None:
        y = turned(t, y, place)
    return _late(t, unframed(t, y, frame), late, (channels, *(1,) * (len(value.shape) - 2)))


def instance_norm(
    t: Tracer,
    x: Traced,
    weight: Traced | None,
    bias: Traced | None,
    eps: float,
) -> Value:
    """Normalise each channel of each sample of `[N, channels, *space]` over its space."""
    return _by_channels(t, "instance_norm", x, {"eps": float(eps)}, weight, bias)


def group_norm(
    t: Tracer, x: Traced, groups: int, weight: Traced | None, bias: Traced | None, eps: float
) -> Value:
    """Normalise `[N, channels, *space]` over groups of channels and all of space."""
    fields = {"num_groups": int(groups), "eps": float(eps)}
    return _by_channels(t, "group_norm", x, fields, weight, bias)


def layer_norm(
    t: Tracer,
    x: Traced,
    normalized_shape: Sequence[int],
    weight: Traced | None,
    bias: Traced | None,
    eps: float,
) -> Value:
    """Normalise over the last axes."""
    return _over_last(t, "layer_norm", x, normalized_shape, weight, bias, eps)


def rms_norm(
    t: Tracer, x: Traced, normalized_shape: Sequence[int], weight: Traced | None, eps: float
) -> Value:
    """Divide by the root of the mean of squares over the last axes."""
    return _over_last(t, "rms_norm", x, normalized_shape, weight, None, eps)


def _over_last(
    t: Tracer,
    layer: str,
    x: Traced,
    normalized_shape: Sequence[int],
    weight: Traced | None,
    bias: Traced | None,
    eps: float,
) -> Value:
    value = t.value(x)
    sizes = [int(n) for n in normalized_shape]
    for axis in range(len(sizes)):
        t.axis(value, -1 - axis)
    fields: dict[str, Any] = {"eps": float(eps)}
    if len(sizes) > 1:
        fields = {"normalized_shape": sizes, **fields}
    y, late = _affine(t, layer, value, fields, weight, bias, "elementwise_affine", {})
    return _late(t, y, late, tuple(sizes))


def _by_channels(
    t: Tracer,
    layer: str,
    x: Traced,
    fields: dict[str, Any],
    weight: Traced | None,
    bias: Traced | None,
) -> Value:
    value = t.value(x)
    frame = framed(t, value, len(value.shape) - 1)
    channels = frame.rest[0]
    late: list[tuple[str, Traced]] = []
    if layer == "instance_norm" and prod(frame.rest[1:]) == 1 and len(frame.rest) < 2:
        t.refuse("it has no space to normalise over")
    if frame.items is None:
        y, late = _affine(t, layer, frame.value, fields, weight, bias, "affine", {})
        y = unframed(t, y, frame)
    else:
        # Each item has statistics of its own, so items count as channels, which no weight does.
        if "num_groups" in fields:
            fields = {**fields, "num_groups": fields["num_groups"] * frame.items}
        y, _ = _affine(t, layer, merged(t, frame), fields, None, None, "affine", {})
        y = split_again(t, y, frame)
        late = _terms(weight, bias)
    return _late(t, y, late, (channels, *(1,) * (len(value.shape) - 2)))


def _terms(weight: Traced | None, bias: Traced | None) -> list[tuple[str, Traced]]:
    terms = (("multiply", weight), ("add", bias))
    return [(layer, term) for layer, term in terms if term is not None]


def _affine(
    t: Tracer,
    layer: str,
    x: Value,
    fields: dict[str, Any],
    weight: Traced | None,
    bias: Traced | None,
    flag: str,
    stored: dict[str, Weight],
) -> tuple[Value, list[tuple[str, Traced]]]:
    """Add a norm with its weight and bias, or without, and say which terms are still to come."""
    late = _terms(weight, bias)
    tensors: dict[str, Weight] = {}
    # A norm has no bias alone; what is computed is no tensor of a layer.
    if weight is not None and not isinstance(weight, Value):
        tensors["weight"] = t.weight(weight)
        late = late[1:]
        if bias is not None and not isinstance(bias, Value):
            tensors["bias"] = t.weight(bias, "the bias")
            late = []
    if not tensors:
        if layer != "instance_norm":
            fields = {**fields, flag: False}
    else:
        if layer == "instance_norm":
            fields = {**fields, flag: True}
        if "bias" not in tensors and layer != "rms_norm":
            fields = {**fields, "bias": False}
    return t.layer(layer, [x], x.shape, x.batch, fields, {**tensors, **stored}), late


def _late(t: Tracer, y: Value, terms: list[tuple[str, Traced]], shape: tuple[int, ...]) -> Value:
    for layer, term in terms:
        y = combine(t, layer, [y, reshape(t, term, shape)])
    return y
