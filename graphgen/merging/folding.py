"""Gains and shifts of norms, moved into what reads them: what is left commutes with rotations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.dtypes import wide
from graphgen.fitting import fitting
from graphgen.merging.uses import readers_of, uses_of
from graphgen.sources import Net, Weights, architecture_from
from spec import Architecture, Operation
from spec.primitives import Contract, Elementwise, Normalise, Reduce, Reshape, Slice, Take

Array = NDArray[Any]


@dataclass(frozen=True)
class Reader:
    """A product that reads a norm: its weight, the axis that is summed over, and its bias."""

    weight: str
    axis: int
    bias: str | None


@dataclass(frozen=True)
class Norm:
    """A norm over the last axis whose gain and shift can be moved, and who reads it.

    `outputs` are of the norm itself, and of its gain and shift.
    """

    statistics: str
    outputs: tuple[str, ...]
    gain: str | None
    shift: str | None
    readers: tuple[Reader, ...]


def fold_norms(net: Net, weights: Weights) -> dict[str, Array]:
    """Move gains and shifts of layer and RMS norms into the layers that read them.

        same = graphgen.fold_norms(net, weights)        # gains are 1, shifts 0

    The network computes the same. Norms stay as they are of which something else is read too, or
    whose shift has no bias to go into, or of whose readers a tensor is used elsewhere.
    """
    architecture = architecture_from(net)
    arrays = dict(fitting(Form.of(architecture), weights))
    for norm in foldable(architecture):
        for reader in norm.readers:
            before = arrays[reader.weight]
            weight = before.astype(wide(before.dtype))
            shape = [1] * weight.ndim
            shape[reader.axis] = -1
            if norm.shift is not None and reader.bias is not None:
                bias = arrays[reader.bias]
                along = arrays[norm.shift].astype(weight.dtype)
                added = np.tensordot(weight, along, axes=(reader.axis, 0))
                arrays[reader.bias] = (bias + added.reshape(bias.shape)).astype(bias.dtype)
            if norm.gain is not None:
                weight = weight * arrays[norm.gain].astype(weight.dtype).reshape(shape)
            arrays[reader.weight] = weight.astype(before.dtype)
        if norm.gain is not None:
            arrays[norm.gain] = np.ones_like(arrays[norm.gain])
        if norm.shift is not None:
            arrays[norm.shift] = np.zeros_like(arrays[norm.shift])
    return arrays


def foldable(net: Architecture) -> list[Norm]:
    """List the norms whose gains and shifts can be moved into what reads them."""
    readers, uses = readers_of(net), uses_of(net)
    found = []
    for operation in net.operations:
        primitive = operation.primitive
        if not isinstance(primitive, Normalise) or primitive.statistics not in ("layer", "rms"):
            continue
        size = net.shapes[operation.output][-1]
        tensors: dict[str, str] = {}
        outputs = [operation.output]
        while True:
            following = readers.get(outputs[-1], [])
            step = following[0].primitive if len(following) == 1 else None
            if not isinstance(step, Elementwise) or step.function not in ("multiply", "add"):
                break
            names = following[0].parameters
            if len(names) != 1 or step.function in tensors or "add" in tensors:
                break
            if net.tensors[names[0]].shape != (size,) or step.axis != -1 or uses[names[0]] > 1:
                break
            tensors[step.function] = names[0]
            outputs.append(following[0].output)
        own = [reader_of(o, readers, uses) for o in read(net, outputs[-1], size, readers)]
        known = [reader for reader in own if reader is not None]
        shifted = "add" in tensors
        fits = len(known) == len(own) and not {*outputs} & {*net.outputs} and primitive.size == 1
        if fits and known and not (shifted and any(reader.bias is None for reader in known)):
            gain, shift = tensors.get("multiply"), tensors.get("add")
            found.append(Norm(primitive.statistics, tuple(outputs), gain, shift, tuple(known)))
    return found


def read(
    net: Architecture, value: str, size: int, readers: dict[str, list[Operation]]
) -> Iterator[Operation | None]:
    """List what reads a value, also when parts of it are chosen; None for a value that leaves."""
    if value in net.outputs:
        yield None
    for operation in readers.get(value, []):
        primitive, shape = operation.primitive, net.shapes[value]
        last = len(shape) - 1
        chosen = isinstance(primitive, (Slice, Take)) and primitive.axis != last
        laid = isinstance(primitive, Reshape) and net.shapes[operation.output][-1] == size
        meant = isinstance(primitive, Reduce) and primitive.statistic == "mean"
        if isinstance(primitive, Reduce):
            meant &= bool(primitive.axes) and last not in primitive.axes
        if chosen or laid or meant:
            yield from read(net, operation.output, size, readers)
        else:
            yield operation


def reader_of(
    operation: Operation | None, readers: dict[str, list[Operation]], uses: dict[str, int]
) -> Reader | None:
    """Say how a product with a weight of its own sums over a value's last axis."""
    primitive = None if operation is None else operation.primitive
    if operation is None or not isinstance(primitive, Contract):
        return None
    if primitive.values != 1 or primitive.prepared is not None:
        return None
    if len(operation.parameters) != 1 or uses[operation.parameters[0]] > 1:
        return None
    value, weight = primitive.operands
    letter = value[-1]
    kept = weight.replace(letter, "")
    if letter in primitive.output or letter not in weight or len(kept) != 1 or kept in value:
        return None
    bias = None
    following = readers.get(operation.output, [])
    if len(following) == 1 and len(following[0].parameters) == 1:
        step, name = following[0].primitive, following[0].parameters[0]
        adds = isinstance(step, Elementwise) and step.function == "add"
        if isinstance(step, Elementwise) and adds and uses[name] == 1:
            place = step.parameter_start(len(primitive.output))
            if len(following[0].inputs) == 1 and primitive.output[place] == kept:
                bias = name
    return Reader(operation.parameters[0], weight.index(letter), bias)
