"""What a layer is, and the registry of all layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from spec.architecture import Operation, TensorSpec
from spec.fields import FieldError
from spec.functions import FUNCTIONS
from spec.parametrizations import Made, Parametrization, apply, declare
from spec.primitives import (
    Elementwise,
    Primitive,
    RefusalError,
    Reshape,
    Shape,
    ShapeError,
    counted,
    show,
)
from spec.records import record


@record(frozen=True)
class Value:
    """A named value that flows between layers, and its shape without the batch axis."""

    name: str
    shape: Shape


class Layer:
    """A layer that people write: its fields, and how it expands into primitives.

    Subclasses are frozen dataclasses with fields from `spec.fields`, in a file of their own, and
    register themselves:

        @register("scale")
        @dataclass(frozen=True, kw_only=True)
        class Scale(Layer):
            '''Multiply each channel by a parameter.'''
            def expand(self, scope, x):
                weight = scope.parameter("weight", x.shape[:1], ("constant", 1.0))
                return scope.multiply(x, weight, axis=0)
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    type: ClassVar[str] = ""
    inputs_allowed: ClassVar[tuple[int, int]] = (1, 1)
    reads_nothing: ClassVar[bool] = False
    further: ClassVar[Mapping[str, str]] = {}
    """What it gives beside its output, as values `name.local`: local name -> what it is."""

    def infer(self, *shapes: Shape) -> Self:
        """Fill in the fields that the inputs' shapes decide; raise `ShapeError` on conflict."""
        return self

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        """Apply primitives to the inputs through `scope` and give the output."""
        raise NotImplementedError

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """List the fields that may be written."""
        return tuple(field.name for field in dataclasses.fields(cls))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> tuple[Self | None, dict[str, str]]:
        """Check fields by their kinds: the layer, and what is wrong by field name."""
        wrong: dict[str, str] = {}
        values: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            if field.name in fields:
                try:
                    values[field.name] = field.metadata["kind"].convert(fields[field.name])
                except FieldError as error:
                    wrong[field.name] = str(error)
            elif field.default is dataclasses.MISSING:
                wrong.setdefault("", f"`{cls.type}` needs the field `{field.name}`")
        return (None if wrong else cls(**values)), wrong


class Scope:
    """Where one layer expands: it declares the layer's tensors and records its operations.

    `given` are the names of values that hold what an input of the network holds, such as indices.
    Tensors have the name `home` in front of theirs, by default the layer's.
    """

    def __init__(
        self,
        name: str,
        tensor_names: Mapping[str, str],
        parametrizations: Mapping[str, Parametrization] | None = None,
        given: Collection[str] = (),
        home: str = "",
    ) -> None:
        self.name = name
        self.home = home or name
        self.given = given
        self.tensor_names = tensor_names
        self.parametrizations = dict(parametrizations or {})
        self.made: dict[str, Made] = {}
        self.asked: set[str] = set()
        self.tensors: dict[str, TensorSpec] = {}
        self.operations: list[Operation] = []
        self.shapes: list[Shape] = []
        self.further: dict[str, Value] = {}

    def parameter(
        self, local: str, shape: Shape, initial: tuple[str, float], own_name: bool = False
    ) -> TensorSpec:
        """Declare a trainable float tensor, which may have the layer's `own_name`.

        Where the layer is told to make it from others, these are declared.
        """
        if own_name and self.name and local not in self.tensor_names:
            self.tensor_names = {**self.tensor_names, local: self.home}
        how = self.parametrizations.get(local)
        self.asked.add(local)
        if how is not None:
            return declare(self, local, shape, initial, how)
        return self.declare(local, shape, initial)

    def declare(self, local: str, shape: Shape, initial: tuple[str, float]) -> TensorSpec:
        """Declare a trainable float tensor as it is."""
        return self._declare(local, shape, "float32", True, initial)

    def tensor(
        self, local: str, shape: Shape, initial: tuple[str, float], trainable: bool
    ) -> TensorSpec:
        """Declare a float tensor that may or may not be trained."""
        return self._declare(local, shape, "float32", trainable, initial)

    def buffer(
        self, local: str, shape: Shape, initial: float, dtype: str = "float32"
    ) -> TensorSpec:
        """Declare a tensor that is not trained."""
        return self._declare(local, shape, dtype, False, ("constant", initial))

    def statistic(self, local: str, shape: Shape, initial: float) -> TensorSpec:
        """Declare a tensor that training measures: permutations of neurons move it along."""
        return self._declare(local, shape, "float32", False, ("statistic", initial))

    def _declare(
        self, local: str, shape: Shape, dtype: str, trainable: bool, initial: tuple[str, float]
    ) -> TensorSpec:
        default = f"{self.home}.{local}" if self.home else local
        name = self.tensor_names.get(local, default)
        tensor = TensorSpec(name, counted(shape), dtype, trainable, initial)
        self.tensors[local] = tensor
        return tensor

    def apply(
        self, primitive: Primitive, *values: Value, tensors: tuple[TensorSpec, ...] = ()
    ) -> Value:
        """Apply a primitive; its output's shape comes from the primitive's shape rule."""
        made = next(
            (self.made[tensor.name] for tensor in tensors if tensor.name in self.made), None
        )
        if made is None:
            return self.record(primitive, *values, tensors=tensors)
        if len(values) != 1 or len(tensors) != 1:
            raise RefusalError(
                f"`parametrizations`: what a `{primitive.name}` takes beside other tensors cannot "
                "be made from others"
            )
        return apply(self, primitive, values[0], tensors[0], made)

    def give(self, local: str, value: Value) -> None:
        """Give a further value beside the output, by a name that the layer's `further` has."""
        self.further[local] = value

    def record(
        self, primitive: Primitive, *values: Value, tensors: tuple[TensorSpec, ...] = ()
    ) -> Value:
        """Apply a primitive to tensors as they are."""
        shapes = tuple(value.shape for value in values)
        shape = counted(primitive.shape(shapes, tuple(tensor.shape for tensor in tensors)))
        output = f"{self.name}/{len(self.operations)}"
        self.operations.append(
            Operation(
                primitive,
                tuple(value.name for value in values),
                tuple(tensor.name for tensor in tensors),
                output,
                self.name,
            )
        )
        self.shapes.append(shape)
        return Value(output, shape)

    def function(self, name: str, x: Value, **constants: Any) -> Value:
        """Apply a function of single numbers; the constants that are not given are the default."""
        given = {n: kind.default for n, kind in FUNCTIONS[name].constants.items()} | constants
        return self.apply(Elementwise(name, tuple(given.items())), x)

    def combine(self, function: str, *values: Value) -> Value:
        """Apply a function of several values, item by item; a single number goes with each."""
        rank = max(len(value.shape) for value in values)
        alike = [
            value if value.shape or not rank else self.apply(Reshape((1,) * rank), value)
            for value in values
        ]
        return self.apply(Elementwise(function), *alike)

    def add(self, x: Value, parameter: TensorSpec, axis: int) -> Value:
        """Add a parameter that lies along the axes from `axis` on."""
        return self.apply(Elementwise("add", axis=axis), x, tensors=(parameter,))

    def multiply(self, x: Value, parameter: TensorSpec, axis: int) -> Value:
        """Multiply by a parameter that lies along the axes from `axis` on."""
        return self.apply(Elementwise("multiply", axis=axis), x, tensors=(parameter,))


L = TypeVar("L", bound=Layer)

LAYERS: dict[str, type[Layer]] = {}
"""Every layer by the name that people write."""


def register(name: str) -> Callable[[type[L]], type[L]]:
    """Add a layer to the language, under a name that is not taken."""

    def add(layer: type[L]) -> type[L]:
        if name in LAYERS:
            raise ValueError(f"a layer named {name!r} is registered already")
        if not dataclasses.is_dataclass(layer):  # as where it has no fields
            record(frozen=True, kw_only=True)(layer)
        layer.type = name
        LAYERS[name] = layer
        return layer

    return add


def agree(field: str, given: int | None, actual: int) -> int:
    """Give the inferred size, after checking it against the one written, if any."""
    if given is not None and given != actual:
        raise ShapeError(f"`{field}` is {given}, but the input has {actual}")
    return actual


def channels(type_: str, shape: Shape) -> int:
    """Give the number of channels, after checking that the shape has an axis of them."""
    if not shape:
        raise ShapeError(f"`{type_}` needs an axis of channels, got {show(shape)}")
    return shape[0]


def positive(field: str, dim: int, shape: Shape) -> int:
    """Count an axis from the front, with the batch as 0, after checking that the shape has it."""
    rank = len(shape) + 1
    found = dim + rank if dim < 0 else dim
    if not 0 <= found < rank:
        raise ShapeError(f"`{field}` is {dim}, but {show(shape)} has the axes 0 to {rank - 1}")
    if found == 0:
        raise RefusalError(f"`{field}` is {dim}, the batch axis of {show(shape)}, which stays")
    return found


def positives(field: str, dims: tuple[int, ...], shape: Shape) -> tuple[int, ...]:
    """Count several axes from the front, as `positive` counts one."""
    return tuple(positive(field, dim, shape) for dim in dims)
