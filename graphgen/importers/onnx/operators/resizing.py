"""Resize and Upsample: interpolation along each axis, in all of its ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.onnx.node import Node
from graphgen.importers.onnx.operators.registry import onnx
from graphgen.importers.onnx.operators.weights_of_places import Way, matrix_of
from graphgen.importers.operators import elementwise
from graphgen.importers.operators.resize import along, upsample
from graphgen.importers.traced import Constant, Traced, Value

MOST_WEIGHTS = 2**24
"""The most weights of old items in new ones, along an axis."""


@onnx("Upsample")
def scaled(node: Node) -> Traced:
    x = node[0]
    scales = node.attribute("scales")
    if scales is None and "height_scale" in node.attributes:
        scales = [1.0, 1.0, node.attribute("height_scale"), node.attribute("width_scale")]
    if scales is None:
        scales = [float(n) for n in np.asarray(node.known(1, "the scales")).reshape(-1)]
    mode = {"nearest": "nearest", "linear": "linear", "bilinear": "linear"}.get(
        node.attribute("mode", "nearest")
    )
    if mode is None:
        node.tracer.refuse(f"the mode {node.attribute('mode')!r} is not known")
    way = Way(mode, "asymmetric", "floor")
    sizes = [int(np.floor(n * s)) for n, s in zip(x.shape, scales, strict=True)]
    return _resized(node, x, sizes, scales, way, None)


@onnx("Resize")
def resize(node: Node) -> Traced:
    """Interpolate to sizes, or by scales; each axis for itself."""
    t, x = node.tracer, node[0]
    rank = len(x.shape)
    old = node.version < 11
    way = Way(
        node.attribute("mode", "nearest"),
        node.attribute("coordinate_transformation_mode", "asymmetric" if old else "half_pixel"),
        node.attribute("nearest_mode", "floor" if old else "round_prefer_floor"),
        node.attribute("cubic_coeff_a", -0.75),
        bool(node.attribute("exclude_outside", 0)),
        bool(node.attribute("antialias", 0)),
        node.attribute("extrapolation_value", 0.0),
    )
    axes = [int(d) % rank for d in node.attribute("axes") or range(rank)]
    scales, sizes = [1.0] * rank, list(x.shape)
    place = 1 if old else 2
    given = node.optional(place)
    if given is not None and given.shape != (0,):
        factors = [float(n) for n in np.asarray(node.known(place, "the scales")).reshape(-1)]
        for axis, factor in zip(axes, factors, strict=True):
            scales[axis] = factor
            sizes[axis] = int(np.floor(x.shape[axis] * factor))
    else:
        wanted = node.integers(3, "the sizes")
        wanted = _kept(node, [x.shape[axis] for axis in axes], wanted)
        for axis, size in zip(axes, wanted, strict=True):
            sizes[axis] = size
            scales[axis] = size / x.shape[axis]
        policy = node.attribute("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            factor = _factor(policy, [x.shape[axis] for axis in axes], node.integers(3, "sizes"))
            for axis in axes:
                scales[axis] = factor
    region = None
    if way.coordinates == "tf_crop_and_resize":
        numbers = np.asarray(node.known(1, "the region")).reshape(2, -1)
        region = np.array([[0.0] * rank, [1.0] * rank])
        region[:, axes] = numbers
    if min(sizes) < 1:
        t.refuse(f"it leaves nothing of {list(x.shape)}: {sizes}")
    return _resized(node, x, sizes, scales, way, region)


def _factor(policy: str, shape: Sequence[int], wanted: Sequence[int]) -> float:
    each = [want / size for size, want in zip(shape, wanted, strict=True)]
    return min(each) if policy == "not_larger" else max(each)


def _kept(node: Node, shape: Sequence[int], wanted: list[int]) -> list[int]:
    """Give sizes by one factor, where the aspect ratio is to be kept."""
    policy = node.attribute("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return wanted
    factor = _factor(policy, shape, wanted)
    return [int(np.floor(size * factor + 0.5)) for size in shape]


def _resized(
    node: Node,
    x: Traced,
    sizes: Sequence[int],
    scales: Sequence[float],
    way: Way,
    region: NDArray[Any] | None,
) -> Traced:
    t = node.tracer
    matrices: list[Any] = []
    outside = None
    for axis, (old, new, scale) in enumerate(zip(x.shape, sizes, scales, strict=True)):
        span = None if region is None else (float(region[0, axis]), float(region[1, axis]))
        if old == new and scale == 1 and span in (None, (0.0, 1.0)):
            matrices.append(None)
            continue
        if old * new > MOST_WEIGHTS:
            t.refuse(f"it interpolates {old} items to {new}")
        matrix, beyond = matrix_of(way, old, new, scale, span)
        matrices.append(matrix)
        if beyond.any():
            line = beyond.reshape(-1, *(1,) * (len(sizes) - axis - 1))
            outside = line if outside is None else outside | line
    found = _by_layer(node, x, sizes, matrices)
    if found is None:
        found = x
        for axis, each in enumerate(matrices):
            if each is not None:
                found = along(t, found, axis, each)
    if outside is None:
        return found
    filled = Constant(np.asarray(way.outside))
    return elementwise.where(t, Constant(outside.astype(np.int64)), filled, found)


LAYERS: tuple[tuple[str, Way, dict[str, Any]], ...] = (
    ("nearest", Way("nearest", "asymmetric", "floor"), {}),
    ("linear", Way("linear", "half_pixel", ""), {}),
    ("linear", Way("linear", "align_corners", ""), {"align_corners": True}),
    ("cubic", Way("cubic", "half_pixel", ""), {}),
    ("cubic", Way("cubic", "align_corners", ""), {"align_corners": True}),
)
"""The modes of the layer `upsample`."""


def _by_layer(
    node: Node, x: Traced, sizes: Sequence[int], matrices: Sequence[Any]
) -> Traced | None:
    """Give the layer `upsample` where it computes the same."""
    value = node.tracer.value(x)
    plain = isinstance(value, Value) and value.batch is not None
    if not plain or value.batch is None or value.batch.axis or value.batch.items != 1:
        return None
    dims = len(x.shape) - 2
    if dims < 1 or dims > 3 or any(each is not None for each in matrices[:2]):
        return None
    words = {"linear": {1: "linear", 2: "bilinear", 3: "trilinear"}, "cubic": {2: "bicubic"}}
    for mode, way, fields in LAYERS:
        word = mode if mode == "nearest" else words[mode].get(dims)
        rows = zip(x.shape[2:], sizes[2:], matrices[2:], strict=True)
        if word and all(_same(way, *row) for row in rows):
            space = [int(n) for n in sizes[2:]]
            factors = {new / old for old, new in zip(x.shape[2:], space, strict=True)}
            one = factors.pop() if len(factors) == 1 else 0.5
            said: dict[str, Any] = {"size": space}
            if one % 1 == 0:
                said = {"scale_factor": int(one)}
            if mode != "nearest":
                said["mode"] = word
            return upsample(node.tracer, value, space, {**said, **fields})
    return None


def _same(way: Way, old: int, new: int, matrix: Any) -> bool:
    if matrix is None:
        matrix = np.eye(old)
    expected, _ = matrix_of(way, old, new, new / old, None)
    return bool(np.allclose(expected, matrix, rtol=0, atol=1e-12))
