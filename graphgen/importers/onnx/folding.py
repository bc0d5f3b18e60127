"""Nodes of which all inputs are constants: they are computed while the model is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.onnx.tensors import DTYPES
from graphgen.importers.tracer import Tracer

Arrays = Sequence[Any]
MOST_ITEMS = 2**26
"""The most items of a constant that is computed."""

MOST_ALIKE = 2**33
"""The most items of a constant that are one number."""

SAFE = frozenset(
    """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot
    BitwiseOr BitwiseXor Ceil Celu Clip Compress Cos Cosh CumSum DepthToSpace DequantizeLinear
    Det Div DynamicQuantizeLinear Einsum Elu Equal Erf Exp EyeLike Flatten Floor Gather
    GatherElements GatherND Gelu Gemm Greater GreaterOrEqual HardSigmoid HardSwish Hardmax
    Identity InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual
    Log LogSoftmax LpNormalization MatMul Max Mean Min Mish Mod Mul Neg NonZero Not OneHot Or
    Pad Pow PRelu QuantizeLinear Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Resize
    ReverseSequence Round ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Size
    Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh
    ThresholdedRelu TopK Transpose Trilu Unique Upsample Where Xor
    """.split()  # noqa: SIM905
)
"""What the reference of the onnx package computes."""


def folded(
    t: Tracer,
    node: Any,
    domain: str,
    version: int,
    arrays: Arrays,
    attributes: Mapping[str, Any],
) -> list[NDArray[Any]] | None:
    """Give the outputs of a node from constant inputs; None where they are not computed here."""
    if domain:
        return None
    if node.op_type in OWN:
        made = OWN[node.op_type](t, arrays, attributes, version)
        return None if made is None else [np.asarray(made)]
    if node.op_type not in SAFE or not arrays or _grows(node.op_type, arrays, attributes):
        return None
    return _by_reference(node, version, arrays)


def _grows(operator: str, arrays: Arrays, attributes: Mapping[str, Any]) -> bool:
    """Say whether the result may be much larger than what is there."""
    there = [np.shape(a) for a in arrays if a is not None]
    sizes = [prod(shape) for shape in there]
    if operator in ("Pad", "Resize", "Upsample", "OneHot", "MatMul", "Gemm", "Einsum", "Gather",
                    "GatherND", "GatherElements"):  # fmt: skip
        bound = prod(max(1, n) for n in sizes) if operator != "Resize" else max(sizes) * 1024
        if operator in ("Pad", "Upsample", "OneHot", "Resize"):
            return max(sizes) > 2**16 or _numbers(arrays, attributes) > MOST_ITEMS
        return bool(bound > 2**34)
    try:
        return prod(np.broadcast_shapes(*there)) > MOST_ITEMS
    except ValueError:
        return max(sizes, default=0) > MOST_ITEMS


def _numbers(arrays: Arrays, attributes: Mapping[str, Any]) -> float:
    """Bound the sizes that small arrays and attributes ask for, by their largest numbers."""
    total = 1.0
    for each in [*arrays[1:], *attributes.values()]:
        if isinstance(each, (int, float, list, np.ndarray)) and np.size(each):
            flat = np.asarray(each).reshape(-1)
            if flat.dtype.kind in "iuf" and flat.size <= 64:
                total *= float(np.prod(np.maximum(1, np.abs(flat.astype(float)))))
    return total * float(np.size(arrays[0]))


def _by_reference(node: Any, version: int, arrays: Arrays) -> list[NDArray[Any]] | None:
    """Compute a node by the reference implementation."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    copied = onnx.NodeProto()
    copied.CopyFrom(node)
    del copied.input[:]
    del copied.output[:]
    copied.domain = ""
    feeds, inputs = {}, []
    for place, array in enumerate(arrays):
        name = "" if array is None else f"i{place}"
        copied.input.append(name)
        if array is not None:
            feeds[name] = np.array(array)
            code = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            inputs.append(onnx.helper.make_tensor_value_info(name, code, array.shape))
    names = [f"o{place}" if name else "" for place, name in enumerate(node.output)]
    copied.output.extend(names)
    outputs = [onnx.ValueInfoProto(name=name) for name in names if name]
    graph = onnx.helper.make_graph([copied], "one", inputs, outputs)
    opset = onnx.helper.make_opsetid("", max(1, version))
    model = onnx.helper.make_model(graph, opset_imports=[opset])
    try:
        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(model).run(None, feeds)
    except Exception:  # the reference raises of any kind; the layers of the language may do it
        return None
    left = iter(found)
    results = [np.asarray(next(left)) if name else None for name in names]
    return None if any(r is None for r in results[:1]) else [
        np.zeros(0) if r is None else r for r in results
    ]  # fmt: skip


def _bounded(t: Tracer, shape: Sequence[int], most: int = MOST_ITEMS) -> tuple[int, ...]:
    sizes = tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes) or prod(sizes) > most:
        t.refuse(f"a constant of shape {list(sizes)}, expected at most {most} items")
    return sizes


def _constant(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    for name in ("value", "sparse_value", "value_float", "value_int"):
        if name in given:
            kind = {"value_float": np.float32, "value_int": np.int64}.get(name)
            return np.asarray(given[name], kind)
    for name, kind in (("value_floats", np.float32), ("value_ints", np.int64)):
        if name in given:
            return np.asarray(given[name], kind)
    return t.refuse("a constant of text")


def _filled(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    value = given.get("value", np.zeros(1, np.float32))
    # One number in memory, however many it stands for.
    return np.broadcast_to(np.asarray(value).reshape(()), _bounded(t, arrays[0], MOST_ALIKE))


def _expanded(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    shape = np.broadcast_shapes(arrays[0].shape, _bounded(t, arrays[1].reshape(-1)))
    return np.broadcast_to(arrays[0], _bounded(t, shape))


def _range(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    start, limit, step = (np.asarray(a).reshape(()) for a in arrays)
    _bounded(t, [max(0, int(np.ceil((float(limit) - float(start)) / float(step))))])
    return np.arange(start.item(), limit.item(), step.item(), dtype=start.dtype)


def _tiled(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    x, times = arrays[0], np.asarray(arrays[1]).reshape(-1)
    if version < 6:
        repeats = np.ones(x.ndim, int)
        repeats[int(np.asarray(arrays[2]).reshape(()))] = int(times[0])
        times = repeats
    if times.size:
        _bounded(t, [x.size * prod(int(n) for n in times)])
    return np.tile(x, times)


def _reshaped(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    x = arrays[0]
    shape = given["shape"] if len(arrays) < 2 else arrays[1].reshape(-1)
    zero = given.get("allowzero", 0)
    full = [x.shape[i] if n == 0 and not zero else int(n) for i, n in enumerate(shape)]
    return x.reshape(full)


def _concat(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    _bounded(t, [sum(a.size for a in arrays)])
    return np.concatenate(list(arrays), int(given.get("axis", 1)))


def _cast(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    to = given["to"]
    names = {name.upper(): name for name in DTYPES.values()} | {"FLOAT": "float32"}
    kind = names.get(to.replace("DOUBLE", "FLOAT64")) if isinstance(to, str) else DTYPES.get(to)
    if kind is None or arrays[0].dtype.kind not in "fiub":
        return t.refuse("a cast to or from what is no number")
    with np.errstate(all="ignore"):
        return arrays[0].astype("float32" if kind == "bfloat16" else kind)


def _shape(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    sizes = np.asarray(arrays[0].shape, np.int64)
    return sizes[given.get("start", 0) : given.get("end")]


def _unsqueezed(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    axes = given["axes"] if "axes" in given else arrays[1].reshape(-1)
    return np.expand_dims(arrays[0], tuple(int(d) for d in axes))


def _gathered(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    x, index = arrays[0], np.asarray(arrays[1]).astype(np.int64)
    axis = int(given.get("axis", 0))
    _bounded(t, [x.size // max(1, x.shape[axis]) * index.size])
    return x.take(index, axis)


def _identity(t: Tracer, arrays: Arrays, given: Mapping[str, Any], version: int) -> Any:
    return arrays[0]


OWN: dict[str, Callable[[Tracer, Arrays, Mapping[str, Any], int], Any]] = {
    "Constant": _constant,
    "ConstantOfShape": _filled,
    "Expand": _expanded,
    "Range": _range,
    "Tile": _tiled,
    "Reshape": _reshaped,
    "Concat": _concat,
    "Cast": _cast,
    "Shape": _shape,
    "Unsqueeze": _unsqueezed,
    "Gather": _gathered,
    "Identity": _identity,
}
"""What is computed here: what is frequent, and what grows by what its numbers say."""
