"""Warps: networks of coordinates changed so that their signals are turned, sized and moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch
from metanet.batch import Part, float_offsets
from pipelines.errors import PipelineError
from spec import Architecture
from spec.primitives import Contract, Elementwise

_AMOUNT = {"type": "number", "minimum": 0}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "rotation": {**_AMOUNT, "maximum": 180},
        "scale": {**_AMOUNT, "exclusiveMaximum": 1},
        "shear": {**_AMOUNT, "maximum": 1},
        "shift": _AMOUNT,
    },
}
MOST_COORDINATES = 3


@dataclass(frozen=True)
class Reader:
    """A linear layer that reads coordinates: its weight, along which axis, and its bias."""

    weight: str
    axis: int
    bias: str | None


@dataclass(frozen=True)
class Warps:
    """Random affine maps of coordinates, put into the weights of the layers that read them.

        warped = Warps.of({"rotation": 10, "shift": 0.1}, graph_set)(batch)

    Where a network was f(x), it is f(A x + t), by W A in the place of a weight W and b + W t in the
    place of a bias b: the same signal, warped, exactly. A and t are each network's own: a rotation
    by up to `rotation` degrees (of three coordinates, about each axis), sizes of each axis from
    1 - `scale` to 1 + `scale`, shears and shifts of up to `shear` and `shift`; all uniform.
    """

    amounts: Mapping[str, float]
    readers: Mapping[str, tuple[Reader, ...]]

    @classmethod
    def of(cls, amounts: Mapping[str, float], graph_set: GraphSet) -> Warps | None:
        """Read the setting `augment`; None where it asks for nothing.

        Raises `PipelineError` for networks whose coordinates are not read by linear layers alone.
        """
        if not any(amounts.values()):
            return None
        found = {
            name: readers_of(net, amounts, str(graph_set.folder))
            for name, net in graph_set.architectures.items()
        }
        return cls(dict(amounts), found)

    def __call__(self, batch: Batch) -> Batch:
        """Warp each network of a batch by a map of its own, drawn from torch's generator."""
        return Batch(tuple(self.warped(part) for part in batch.parts))

    def warped(self, part: Part) -> Part:
        """Warp the networks of a part; views of what they were do not go along."""
        readers = self.readers[part.template.architecture]
        shapes = {tensor.name: tensor.shape for tensor in part.template.tensors}
        first = readers[0]
        dimensions = shapes[first.weight][first.axis]
        maps, shifts = self.drawn(len(part.values), dimensions, part.values)
        return replace(part, values=warped(part, readers, maps, shifts), extra=None, views={})

    def drawn(self, count: int, dimensions: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Draw affine maps: matrices (count, d, d) and shifts (count, d)."""

        def uniform(name: str, *shape: int) -> Tensor:
            return self.amounts.get(name, 0.0) * (2 * torch.rand(count, *shape).to(like) - 1)

        one = torch.eye(dimensions).to(like)
        sizes = torch.diag_embed(uniform("scale", dimensions))
        shears = uniform("shear", dimensions, dimensions).triu(1)
        angles = uniform("rotation", dimensions * (dimensions - 1) // 2) * (math.pi / 180)
        maps = one + sizes + shears
        for place, angle in enumerate(angles.unbind(1)):
            maps = turning(angle, place, dimensions) @ maps
        return maps, uniform("shift", dimensions)


def turning(angle: Tensor, place: int, dimensions: int) -> Tensor:
    """Give rotations in one of the planes that two axes span, (count, d, d)."""
    planes = [(i, j) for i in range(dimensions) for j in range(i + 1, dimensions)]
    first, second = planes[place]
    result = torch.eye(dimensions).to(angle).repeat(len(angle), 1, 1)
    result[:, first, first] = result[:, second, second] = angle.cos()
    result[:, first, second], result[:, second, first] = -angle.sin(), angle.sin()
    return result


def warped(part: Part, readers: tuple[Reader, ...], maps: Tensor, shifts: Tensor) -> Tensor:
    """Give the values of networks that read A x + t where they read x, (networks, P)."""
    shapes = {tensor.name: tensor.shape for tensor in part.template.tensors}
    places, result = float_offsets(part.template), part.values.clone()
    for reader in readers:
        start, size = places[reader.weight]
        weight = part.tensor(reader.weight).reshape(-1, *shapes[reader.weight])
        rows = weight.movedim(1 + reader.axis, 2)
        changed = (rows @ maps).movedim(2, 1 + reader.axis)
        result[:, start : start + size] = changed.flatten(1)
        if reader.bias is not None:
            start, size = places[reader.bias]
            result[:, start : start + size] += (rows @ shifts.unsqueeze(2)).flatten(1)
    return result


def readers_of(net: Architecture, amounts: Mapping[str, float], where: str) -> tuple[Reader, ...]:
    """List the layers that read a network's coordinates; `PipelineError` where others do."""

    def refuse(what: str) -> PipelineError:
        return PipelineError(
            f"{where}: `augment` warps the coordinates of INRs, but {what} in {net.name!r}; take "
            "`augment` out of the settings"
        )

    shapes = list(net.inputs.values())
    if len(shapes) != 1 or len(shapes[0]) != 1 or shapes[0][0] > MOST_COORDINATES:
        raise refuse(f"the inputs are {[list(shape) for shape in shapes]}")
    if shapes[0][0] == 1 and (amounts.get("rotation") or amounts.get("shear")):
        raise refuse("one coordinate has no `rotation` and no `shear`, as there is one alone")
    (name,) = net.inputs
    used = [parameter for operation in net.operations for parameter in operation.parameters]
    readers = []
    for operation in net.operations:
        if name not in operation.inputs:
            continue
        axis = axis_of(operation.primitive)
        if axis is None or used.count(operation.parameters[0]) > 1:
            raise refuse(f"layer {operation.layer!r} reads them and is no linear layer of its own")
        after = [other for other in net.operations if operation.output in other.inputs]
        added = [
            other.parameters[0]
            for other in after
            if isinstance(other.primitive, Elementwise)
            and other.primitive.function == "add"
            and len(other.parameters) == 1
        ]
        bias = added[0] if len(added) == len(after) == 1 and used.count(added[0]) == 1 else None
        if bias is None and amounts.get("shift"):
            raise refuse(f"layer {operation.layer!r} has no bias that could take a `shift`")
        readers.append(Reader(operation.parameters[0], axis, bias))
    if not readers or name in net.outputs:
        raise refuse("no layer reads them alone")
    return tuple(readers)


def axis_of(primitive: Any) -> int | None:
    """Say along which axis of its one weight a matrix product reads a vector, or None."""
    if not isinstance(primitive, Contract) or primitive.values != 1 or primitive.prepared:
        return None
    operands = primitive.operands
    if len(operands) != 2 or len(operands[0]) != 1 or len(operands[1]) != 2:
        return None
    letter = operands[0]
    rest = operands[1].replace(letter, "")
    return operands[1].index(letter) if rest == primitive.output else None
