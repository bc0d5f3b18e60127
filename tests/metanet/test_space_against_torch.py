"""Padding, pooling, resampling and what moves items, against torch itself in float64."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from spec.layers.padding import meant

Array = NDArray[Any]


def layer_of(type_: str, fields: dict[str, Any], *shapes: tuple[int, ...]) -> spec.Architecture:
    """One layer, named `layer`, of inputs of these shapes."""
    inputs = [{name: list(shape)} for name, shape in zip("xyz", shapes, strict=False)]
    names = [name for row in inputs for name in row]
    entry = {type_: {"name": "layer", "inputs": names, **fields}}
    return spec.loads(str({"inputs": inputs, "layers": [entry]}).replace("True", "true"))


def check(net: spec.Architecture, expected: Callable[..., Tensor], seed: int = 0) -> None:
    """Numpy, torch and the computation graph give what torch's own function of the inputs gives."""
    rng = np.random.default_rng(seed)
    weights = random_weights(net, rng)
    inputs = [rng.standard_normal((2, *shape)) for shape in net.inputs.values()]
    tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
    given = [torch.from_numpy(x) for x in inputs]
    right = expected(*given, **{n.removeprefix("layer."): w for n, w in tensors.items()}).numpy()
    found = [
        graphgen.evaluate(net, weights, *inputs),
        metanet.evaluate.run(net, tensors, *given).numpy(),
        graphgen.evaluate(graphgen.compile(net, weights, "computation"), *inputs),
    ]
    for actual in map(np.asarray, found):
        assert actual.shape == right.shape
        np.testing.assert_allclose(actual, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_padding_is_that_of_torch(mode: str, seed: int) -> None:
    rng = Random(seed)
    dims = rng.randint(1, 3)
    shape = tuple(rng.randint(3, 5) for _ in range(dims + 1))
    around = [rng.randint(-1, 2) for _ in range(2 * dims)]
    if mode == "constant" and seed % 2:
        around += [1, rng.randint(0, 2)]
    value = {"value": 1.5} if mode == "constant" else {}
    net = layer_of("pad", {"pad": around, "mode": mode, **value}, shape)
    check(net, lambda x: F.pad(x, around, mode, **value), seed)


CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


@pytest.mark.parametrize(("dims", "kernel", "dilation", "mode"), [
    (1, 4, 1, "reflect"), (2, 3, 2, "zeros"), (2, 2, 1, "circular"), (3, 2, 1, "replicate"),
    (1, 4, 2, "zeros"), (3, 2, 2, "zeros"),
])  # fmt: skip
def test_same_is_that_of_torch(dims: int, kernel: int, dilation: int, mode: str) -> None:
    kind = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}[dims]
    module = kind(2, 3, kernel, padding="same", dilation=dilation, padding_mode=mode).double()
    fields = {"out_channels": 3, "kernel_size": kernel, "padding": "same", "dilation": dilation}
    net = layer_of(f"conv{dims}d", {**fields, "padding_mode": mode}, (2, 7, 6, 5)[: dims + 1])
    check(net, lambda x, **state: torch.func.functional_call(module, state, x).detach())


@pytest.mark.parametrize("seed", range(20))
def test_same_with_a_stride_is_that_of_tensorflow(seed: int) -> None:
    """As its documentation says: ceil(n / stride) positions, the odd one behind."""
    rng = Random(seed)
    size, kernel, stride, dilation = (rng.randint(1, n) for n in (12, 5, 4, 2))
    reach = dilation * (kernel - 1) + 1
    rest = size % stride or stride
    total = max(reach - rest, 0)
    around = total // 2, total - total // 2
    fields = {"kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": "same"}
    net = layer_of("conv1d", {"out_channels": 3, **fields}, (2, size))
    assert net.output_shapes == ((3, -(-size // stride)),)
    check(net, lambda x, weight, bias: F.conv1d(
        F.pad(x, around), weight, bias, stride, dilation=dilation), seed)  # fmt: skip


def test_causal_and_pairs_pad_where_they_say() -> None:
    fields = {"out_channels": 3, "kernel_size": 3, "dilation": 2}
    net = layer_of("conv1d", {**fields, "padding": "causal"}, (2, 6))
    check(net, lambda x, weight, bias: F.conv1d(F.pad(x, (4, 0)), weight, bias, dilation=2))
    net = layer_of("conv2d", {**fields, "padding": [[0, 3], 1]}, (2, 6, 5))
    check(net, lambda x, weight, bias: F.conv2d(
        F.pad(x, (1, 1, 0, 3)), weight, bias, dilation=2))  # fmt: skip
    assert meant("valid", 8, 3, 1, 1) == 0


@pytest.mark.parametrize(("layer", "message"), [
    ("pad: {pad: [1]}", "expected two integers for each axis, from the last one on"),
    ("pad: {pad: [1, 1, 1, 1, 1, 1]}", r"`pad` has 6 numbers, two for each axis, but \[N, 2, 4\]"),
    ("pad: {pad: [4, 0], mode: reflect}", "more than 'reflect' has at the borders of axis 2"),
    ("pad: {pad: [-2, -2]}", r"leaves nothing of axis 2 of \[N, 2, 4\]"),
    ("pad: {pad: [1, 1], mode: reflect, value: 2}", "`value` is for the mode 'constant'"),
    ("conv1d: {out_channels: 2, kernel_size: 3, padding: [1, 2]}", r"a pair is \[\[before"),
    ("conv1d: {out_channels: 2, kernel_size: 3, padding: full}", "one of same, valid, causal"),
    ("conv1d: {out_channels: 2, kernel_size: 3, padding: [[1, 2, 3]]}", "a pair"),
])  # fmt: skip
def test_padding_that_cannot_be_is_told(layer: str, message: str) -> None:
    with pytest.raises(spec.SpecError, match=message):
        spec.loads(f"inputs: {{x: [2, 4]}}\nlayers:\n  - {layer}")


@pytest.mark.parametrize("seed", range(40))
def test_resampling_is_that_of_torch(seed: int) -> None:
    rng = Random(seed)
    dims = rng.randint(1, 3)
    shape = (2, *(rng.randint(1, 6) for _ in range(dims)))
    smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[dims]
    mode = rng.choice(["nearest", "nearest-exact", *smooth, *smooth, *smooth])
    fields: dict[str, Any] = {"mode": mode}
    corners = {"align_corners": rng.random() < 0.5} if mode in smooth else {}
    if rng.random() < 0.6:
        factor = rng.choice([2, 3, 0.5, *[1.3, 2.7, 0.7, 1.9] * (mode in smooth)])
        factors = [factor if n * factor >= 1 else 1 for n in shape[1:]]
        fields["scale_factor"] = factors
    else:
        fields["size"] = [rng.randint(1, 9) for _ in range(dims)]
    net = layer_of("upsample", {**fields, **corners}, shape)
    check(net, lambda x: F.interpolate(x, **fields, **corners), seed)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_an_input_of_indices_chooses_items(dim: int) -> None:
    net = spec.loads(
        "inputs: [{x: [4, 3, 5]}, {where: [2]}]\n"
        f"layers: [{{index_select: {{inputs: [x, where], dim: {dim}}}}}]"
    )
    assert net.index_inputs == {"where": (4, 3, 5)[dim - 1]}
    rng = np.random.default_rng(0)
    x, where = rng.standard_normal((6, 4, 3, 5)), rng.integers(3, size=(6, 2))
    shape = [6, 1, 1, 1]
    shape[dim] = 2
    size = [2 if axis == dim else n for axis, n in enumerate(x.shape)]
    index = torch.from_numpy(where).reshape(shape).expand(size)
    right = torch.gather(torch.from_numpy(x), dim, index).numpy()
    graph = graphgen.compile(net, {}, "computation")
    for found in (
        graphgen.evaluate(net, {}, x, where),
        metanet.evaluate.run(net, {}, torch.from_numpy(x), torch.from_numpy(where)).numpy(),
        graphgen.evaluate(graph, x, where),
    ):
        np.testing.assert_allclose(np.asarray(found), right, rtol=1e-12, atol=1e-12)
    with pytest.raises(graphgen.GraphError, match="expected indices from 0 to"):
        graphgen.evaluate(net, {}, x, where + 5)


def test_indices_that_are_computed_are_refused() -> None:
    with pytest.raises(spec.SpecError, match="by a value that is computed: give it an input"):
        spec.loads(
            "inputs: {y: [2]}\nlayers: [tanh, {embedding: {num_embeddings: 4, embedding_dim: 3}}]"
        )


POOLS: dict[tuple[str, int], Callable[..., Tensor]] = {
    ("max", 1): F.max_pool1d, ("max", 2): F.max_pool2d, ("max", 3): F.max_pool3d,
    ("avg", 1): F.avg_pool1d, ("avg", 2): F.avg_pool2d, ("avg", 3): F.avg_pool3d,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_pooling_is_that_of_torch(seed: int) -> None:
    rng = Random(seed)
    word, dims = rng.choice([*POOLS])
    kernel = [rng.randint(1, 3) for _ in range(dims)]
    fields: dict[str, Any] = {
        "kernel_size": kernel,
        "stride": [rng.randint(1, 3) for _ in range(dims)],
        "padding": [rng.randint(0, k // 2) for k in kernel],
        "ceil_mode": rng.random() < 0.7,
    }
    if word == "max":
        fields["dilation"] = [rng.randint(1, 2) for _ in range(dims)]
    else:
        fields["count_include_pad"] = rng.random() < 0.5
        fields |= {"divisor_override": rng.randint(1, 5)} if dims > 1 and seed % 3 == 0 else {}
    net = layer_of(f"{word}_pool{dims}d", fields, (2, 6, 5, 7)[: dims + 1])
    check(net, lambda x: POOLS[word, dims](x, **fields), seed)


@pytest.mark.parametrize(("layer", "message"), [
    ("upsample: {size: 3, mode: bilinear}", "is for 2 axes of space, got .*take 'linear'"),
    ("upsample: {size: 3, align_corners: true}", "`align_corners` is for the modes linear, bil"),
    ("upsample: {scale_factor: 0.1}", r"`scale_factor` \[0.1\] leaves nothing"),
    ("upsample: {scale_factor: -2}", "above 0"),
    ("max_pool1d: {kernel_size: 3, padding: 2}", "more than half"),
    ("select: {dim: 2, index: 4}", "`index` 4 is not on axis 2 .*expected -4 to 3"),
    ("slice: {dim: 2, start: 3, stop: 2}", "the slice has no items"),
    ("slice: {dim: 2, step: 0}", "`step` is 0"),
    ("narrow: {dim: 2, start: 2, length: 3}", "no 3 items from `start` 2 on"),
    ("index_select: {dim: 2, index: [0, 9]}", "`index` 9 is not on axis 2"),
    ("index_select: {dim: 2}", "either `index` or a second input of indices"),
    ("expand: {shape: [2, 8]}", "axes of one item can, the others stay"),
    ("permute: {dims: [1, 0, 2]}", "the batch axis"),
    ("roll: {shifts: [1, 2], dims: 1}", "are not as many"),
    ("pixel_shuffle: {upscale_factor: 2}", r"needs \[N, ..., channels, height, width\]"),
    ("unflatten: {dim: 2, unflattened_size: [3, 2]}", "do not divide into"),
    ("chunk: {chunks: 2, dim: 2, index: 2}", "has the chunks 0 to 1"),
    ("stack: {inputs: [x, x], dim: 0}", "the batch axis"),
    ("tile: {dims: [2, 1, 1]}", "are more than the axes"),
    ("channel_shuffle: {groups: 3}", "do not divide into 3 `groups`"),
])  # fmt: skip
def test_what_does_not_fit_is_told(layer: str, message: str) -> None:
    with pytest.raises(spec.SpecError, match=message):
        spec.loads(f"inputs: {{x: [2, 4]}}\nlayers:\n  - {layer}")
