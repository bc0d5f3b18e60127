"""The builder: collects layers, operations and tensors into an `Architecture`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from spec.architecture import (
    Architecture,
    Operation,
    ResolvedLayer,
    TensorSpec,
    passes_indices,
)
from spec.checkpoint import CheckpointMap
from spec.errors import quoted
from spec.layer import Layer, Scope, Value
from spec.parametrizations import Parametrization
from spec.primitives import Shape, ShapeError, show


class Builder:
    """Adds one layer at a time; raises `ShapeError` and leaves itself unchanged where it fails."""

    def __init__(
        self, inputs: Mapping[str, Shape], axes: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.inputs = dict(inputs)
        self.axes = dict(axes or {})
        self.shapes: dict[str, Shape] = dict(inputs)
        self.layers: list[ResolvedLayer] = []
        self.operations: list[Operation] = []
        self.tensors: dict[str, TensorSpec] = {}
        self.names: set[str] = set(inputs)
        self.optional: set[str] = set()
        self.given: set[str] = set(inputs)

    def add(
        self,
        layer: Layer,
        name: str,
        inputs: Sequence[Value],
        tensor_names: Mapping[str, str] | None = None,
        output_shape: Shape | None = None,
        shares: str = "",
        parametrizations: Mapping[str, Parametrization] | None = None,
        home: str = "",
    ) -> Value:
        """Expand a layer and give its output, a value of the layer's name.

        If it `shares` all tensors with a layer of something, `tensor_names` are those.
        """
        if name in self.names:
            raise ShapeError(f"two layers have the name {quoted(name)}")
        least, most = layer.inputs_allowed
        if not least <= len(inputs) <= most:
            count = f"{least}" if least == most else f"{least} to {most:,}"
            inputs_of = "input" if most == 1 else "inputs"
            raise ShapeError(f"`{layer.type}` takes {count} {inputs_of}, got {len(inputs)}")
        layer = layer.infer(*(value.shape for value in inputs))
        scope = Scope(name, tensor_names or {}, parametrizations, self.given, home)
        result = layer.expand(scope, *inputs)
        for local in sorted(scope.parametrizations.keys() - scope.asked):
            known = ", ".join(scope.tensors) or "none"
            raise ShapeError(
                f"`parametrizations` names {quoted(local)}, which is no trained tensor of this "
                f"`{layer.type}`; it has: {known}"
            )
        if shares and scope.tensors.keys() != (tensor_names or {}).keys():
            there, here = (", ".join(names or ("none",)) for names in (tensor_names, scope.tensors))
            raise ShapeError(
                f"it shares its tensors with {shares}, which has {there} in this place; "
                f"this `{layer.type}` has {here}"
            )
        self._check_tensors(scope, tensor_names or {}, layer)
        if output_shape is not None and result.shape != output_shape:
            raise ShapeError(
                f"`output_shape` says {show(output_shape)}, the layer gives {show(result.shape)}"
            )
        further = tuple(f"{name}.{local}" for local in scope.further)
        if scope.operations:
            named = dict(zip((v.name for v in scope.further.values()), further, strict=True))
            named[result.name] = name
            scope.operations = [renamed(operation, named) for operation in scope.operations]
            result = Value(name, result.shape)
        taken = next((op.output for op in scope.operations if op.output in self.shapes), None)
        if taken is not None:
            raise ShapeError(f"two values have the name {quoted(taken)}: take another name")
        for operation, shape in zip(scope.operations, scope.shapes, strict=True):
            self.shapes[operation.output] = shape
        for operation in scope.operations:
            if passes_indices(operation.primitive) and self.given.issuperset(operation.inputs):
                self.given.add(operation.output)
        self.operations += scope.operations
        self.names.add(name)
        self.tensors |= {tensor.name: tensor for tensor in scope.tensors.values()}
        self.layers.append(
            ResolvedLayer(
                name,
                layer.type,
                {field: getattr(layer, field) for field in layer.field_names()},
                tuple(value.name for value in inputs),
                result.name,
                result.shape,
                {local: tensor.name for local, tensor in scope.tensors.items()},
                {local: how.plain() for local, how in (parametrizations or {}).items()},
                further,
            )
        )
        return result

    def _check_tensors(self, scope: Scope, tensor_names: Mapping[str, str], layer: Layer) -> None:
        for local in tensor_names:
            if local not in scope.tensors:
                known = ", ".join(scope.tensors) or "none"
                raise ShapeError(
                    f"`parameters` names {quoted(local)}, but this `{layer.type}` has: {known}"
                )
        own: dict[str, TensorSpec] = {}
        for local, tensor in scope.tensors.items():
            earlier = self.tensors.get(tensor.name) or own.setdefault(tensor.name, tensor)
            if earlier is tensor:
                continue
            if local not in tensor_names:
                raise ShapeError(f"two tensors have the name {quoted(tensor.name)}")
            if (earlier.shape, earlier.dtype) != (tensor.shape, tensor.dtype):
                raise ShapeError(
                    f"{quoted(tensor.name)} is shared, but has shape {list(earlier.shape)} there "
                    f"and {list(tensor.shape)} here"
                )
            if earlier.trainable != tensor.trainable:
                raise ShapeError(
                    f"{quoted(tensor.name)} is shared, but one of both is trained and one is not"
                )

    def _leave_out(self, read: set[str]) -> None:
        """Leave out the optional layers that nothing reads, and what only these read."""
        gone = set()
        for layer in reversed(self.layers):
            if layer.name in self.optional and read.isdisjoint((layer.output, *layer.further)):
                gone.add(layer.name)
            else:
                read.update(layer.inputs)
        if gone:
            self.layers = [layer for layer in self.layers if layer.name not in gone]
            self.operations = [o for o in self.operations if o.layer not in gone]

    def _read(self, read: set[str]) -> tuple[Operation, ...]:
        """Give the operations, but those of further values and beside them that nothing reads."""
        several = {layer.name for layer in self.layers if layer.further}
        if not several:
            return tuple(self.operations)
        kept = []
        for operation in reversed(self.operations):
            if operation.layer not in several or operation.output in read:
                read.update(operation.inputs)
                kept.append(operation)
        return tuple(reversed(kept))

    def finish(
        self, name: str, outputs: Sequence[Value], checkpoints: tuple[CheckpointMap, ...]
    ) -> Architecture:
        """Give the architecture with these outputs, and with what its checkpoints are like.

        It has no `optional` layers that nothing reads.
        """
        self._leave_out({value.name for value in outputs})
        return Architecture(
            name=name,
            inputs=self.inputs,
            layers=tuple(self.layers),
            operations=self._read({value.name for value in outputs}),
            outputs=tuple(value.name for value in outputs),
            shapes=self.shapes,
            tensors=self.tensors,
            checkpoints=checkpoints,
            axes=self.axes,
        )


def renamed(operation: Operation, names: Mapping[str, str]) -> Operation:
    """Give an operation with other names of its values."""
    inputs = tuple(names.get(name, name) for name in operation.inputs)
    output = names.get(operation.output, operation.output)
    return dataclasses.replace(operation, inputs=inputs, output=output)
