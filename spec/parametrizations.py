"""Weights made from other tensors: weight norm, standardised weights, low-rank adapters.

    - conv1d: {out_channels: 8, kernel_size: 3, parametrizations: {weight: weight_norm}}

A tensor that a layer declares gets others in its place, and what the layer applies to it is applied
to what is made from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from spec.architecture import TensorSpec
from spec.errors import quoted
from spec.fields import FieldError, flag, integer_kind, number, size
from spec.primitives import (
    Contract,
    Elementwise,
    Learned,
    Preparation,
    Primitive,
    Reshape,
    Shape,
    ShapeError,
    Window,
    matrix_product,
)
from spec.primitives.contract import LETTERS
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.layer import Scope, Value

KINDS: Mapping[str, Mapping[str, Any]] = {
    "weight_norm": {"dim": integer_kind(-24, 24, optional=True), "legacy": flag(default=False)},
    "spectral_norm": {"dim": integer_kind(-24, 24, optional=True), "legacy": flag(default=False)},
    "weight_standardization": {
        "eps": number(default=1e-6, minimum=0),
        "unbiased": flag(default=False),
    },
    "lora": {"rank": size(), "alpha": number(default=1.0)},
}
"""The ways to make a weight, and their options."""

DEFAULTS: Mapping[str, Any] = {
    "dim": 0, "legacy": False, "eps": 1e-6, "unbiased": False, "alpha": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class Parametrization:
    """How a weight is made: a word of `KINDS`, and its options."""

    kind: str
    options: tuple[tuple[str, Any], ...]

    def __getitem__(self, option: str) -> Any:
        return dict(self.options)[option]

    def plain(self) -> dict[str, dict[str, Any]]:
        """Write it as a description does."""
        return {self.kind: dict(self.options)}


@dataclass(frozen=True)
class Made:
    """A declared tensor that stands for a weight, how that is made, and its other tensors."""

    how: Parametrization
    others: tuple[TensorSpec, ...] = ()


def read(value: object) -> Parametrization:
    """Read a parametrization, `weight_norm` or `{weight_norm: {dim: 1}}`; or raise `FieldError`."""
    kind: object = value
    given: object = {}
    if isinstance(value, dict) and len(value) == 1:
        ((kind, given),) = value.items()
    if not isinstance(kind, str) or kind not in KINDS:
        hint = suggest(kind, KINDS) if isinstance(kind, str) else ""
        known = ", ".join(KINDS)
        raise FieldError(f"expected one of {known}, got {quoted(kind)}{hint}")
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise FieldError(f"`{kind}`: expected a mapping of its options, got {quoted(given)}")
    options = {}
    for name in given:
        if name not in KINDS[kind]:
            hint = suggest(str(name), KINDS[kind])
            raise FieldError(f"`{kind}` has no option {quoted(name)}{hint}")
    for name, declared in KINDS[kind].items():
        if name not in given and name not in DEFAULTS:
            raise FieldError(f"`{kind}` needs the option `{name}`")
        options[name] = option(name, declared, given.get(name, DEFAULTS.get(name)))
    return Parametrization(kind, tuple(options.items()))


def option(name: str, declared: Any, value: object) -> object:
    """Check one option by its kind."""
    kind = declared.metadata["kind"] if hasattr(declared, "metadata") else declared
    try:
        return kind.convert(value)
    except FieldError as error:
        raise FieldError(f"`{name}`: {error}") from None


def declare(
    scope: Scope, local: str, shape: Shape, initial: tuple[str, float], how: Parametrization
) -> TensorSpec:
    """Declare the tensors of which a weight is made, and give the one that stands for it."""
    if how.kind == "spectral_norm":
        return with_vectors(scope, local, shape, initial, how)
    others: tuple[TensorSpec, ...] = ()
    inside, _, last = local.rpartition(".")
    place = f"{inside}." if inside else ""
    if how.kind == "weight_norm":
        kept = kept_axis(how["dim"], shape)
        names = ("_g", "_v") if how["legacy"] else (".original0", ".original1")
        prefix = local if how["legacy"] else f"{place}parametrizations.{last}"
        sizes = () if kept is None else tuple(n if i == kept else 1 for i, n in enumerate(shape))
        fan = prod(shape) // (1 if kept is None else shape[kept])
        length = ("constant", initial[1] * (fan / (3 if initial[0] == "uniform" else 1)) ** 0.5)
        gain = scope.declare(prefix + names[0], sizes, length)
        tensor = scope.declare(prefix + names[1], shape, initial)
        others = (gain,)
    else:
        tensor = scope.declare(local, shape, initial)
    if how.kind == "lora":
        if len(shape) < 2:
            raise ShapeError(f"a weight of shape {list(shape)} has no low-rank adapter")
        ones = (1,) * len(shape[2:])
        others = (
            scope.declare(f"{place}lora_A", (how["rank"], *shape[1:]), initial),
            scope.declare(f"{place}lora_B", (shape[0], how["rank"], *ones), ("constant", 0.0)),
        )
    scope.made[tensor.name] = Made(how, others)
    return tensor


def with_vectors(
    scope: Scope, local: str, shape: Shape, initial: tuple[str, float], how: Parametrization
) -> TensorSpec:
    """Declare a weight and the two vectors between which its spectral norm is measured."""
    first = kept_axis(how["dim"], shape)
    if first is None:
        raise ShapeError("`spectral_norm` needs a `dim`, the axis of the rows of a matrix")
    inside, _, last = local.rpartition(".")
    place = f"{inside}." if inside else ""
    names = ("_orig", "_u", "_v") if how["legacy"] else (".original", ".0._u", ".0._v")
    prefix = local if how["legacy"] else f"{place}parametrizations.{last}"
    tensor = scope.declare(prefix + names[0], shape, initial)
    sizes = (shape[first], prod(shape) // shape[first])
    vectors = tuple(
        scope.statistic(prefix + name, (size,), size**-0.5)
        for name, size in zip(names[1:], sizes, strict=True)
    )
    scope.made[tensor.name] = Made(how, vectors)
    return tensor


def kept_axis(dim: int | None, shape: Shape) -> int | None:
    """Give the axis along which norms differ; None if there is one for the whole weight."""
    if dim is None or dim == -1:  # as in PyTorch, where -1 is not the last axis
        return None
    if not 0 <= dim < len(shape):
        raise ShapeError(f"`dim` is {dim}, but a weight of shape {list(shape)} has {len(shape)}")
    return dim


def apply(scope: Scope, primitive: Primitive, x: Value, tensor: TensorSpec, made: Made) -> Value:
    """Apply a product or a convolution with a weight that is made from other tensors."""
    if not isinstance(primitive, Contract | Window) or primitive.prepared is not None:
        raise ShapeError(
            f"`parametrizations`: a weight of the primitive `{primitive.name}` cannot be made from "
            "others, one of `contract` (a matrix product) or `window` (a convolution) can"
        )
    if made.how.kind == "weight_norm":
        return normed(scope, primitive, x, tensor, made)
    if made.how.kind == "spectral_norm":
        return divided(scope, primitive, x, tensor, made)
    if made.how.kind == "weight_standardization":
        how = made.how
        axes = tuple(range(1, len(tensor.shape)))
        if how["unbiased"] and prod(tensor.shape[1:]) < 2:
            raise ShapeError(
                f"a weight of shape {list(tensor.shape)} has one number along its other axes, and "
                "so no unbiased variance"
            )
        ready = replace(
            primitive, prepared=Preparation("standard", axes, how["eps"], how["unbiased"])
        )
        return scope.record(ready, x, tensors=(tensor,))
    return adapted(scope, primitive, x, tensor, made)


def normed(
    scope: Scope, primitive: Contract | Window, x: Value, tensor: TensorSpec, made: Made
) -> Value:
    """Apply a weight `g v / |v|`: divided in the weight, multiplied at the input or the output."""
    kept = kept_axis(made.how["dim"], tensor.shape)
    axes = tuple(axis for axis in range(len(tensor.shape)) if axis != kept)
    ready = replace(primitive, prepared=Preparation("norm", axes))
    (gain,) = made.others
    if kept is None:
        y = scope.record(ready, x, tensors=(tensor,))
        return scope.record(Elementwise("multiply"), y, tensors=(gain,))
    place, enters = first_axis(primitive)
    if kept or place is None:
        raise ShapeError(
            f"`weight_norm` with `dim: {kept}` cannot be said: expected 0, a length for each item "
            "of the first axis, or null, one for the whole weight"
        )
    multiply = Elementwise("multiply", axis=place)
    if enters:
        x = scope.record(multiply, x, tensors=(gain,))
    y = scope.record(ready, x, tensors=(tensor,))
    return y if enters else scope.record(multiply, y, tensors=(gain,))


def first_axis(primitive: Contract | Window) -> tuple[int | None, bool]:
    """Give the axis of the value that a weight's first axis is, and whether of the input."""
    if isinstance(primitive, Window):
        return 0, primitive.transposed
    letters, weight = primitive.operands[0], primitive.operands[-1]
    if weight[0] in primitive.output:
        return primitive.output.index(weight[0]), False
    return (letters.index(weight[0]), True) if weight[0] in letters else (None, False)


def divided(
    scope: Scope, primitive: Contract | Window, x: Value, tensor: TensorSpec, made: Made
) -> Value:
    """Apply a weight and divide by `u W v`, as the power iteration has left the vectors."""
    y = scope.record(primitive, x, tensors=(tensor,))
    left, right = made.others
    letters = LETTERS[: len(tensor.shape)]
    first = kept_axis(made.how["dim"], tensor.shape) or 0
    row, others = letters[first], letters[:first] + letters[first + 1 :]
    sizes = tuple(size for axis, size in enumerate(tensor.shape) if axis != first)
    vector = scope.record(Learned(), x, tensors=(right,))
    if others:
        vector = scope.record(Reshape(sizes), vector)
    image = scope.record(Contract(f"{others},{letters}->{row}"), vector, tensors=(tensor,))
    norm = scope.record(Contract(f"{row},{row}->"), image, tensors=(left,))
    inverse = scope.record(Elementwise("reciprocal"), norm)
    inverse = scope.record(Reshape((1,) * len(y.shape)), inverse)
    return scope.record(Elementwise("multiply"), y, inverse)


def adapted(
    scope: Scope, primitive: Contract | Window, x: Value, tensor: TensorSpec, made: Made
) -> Value:
    """Apply a weight and beside it the product of two narrow ones, times `alpha / rank`."""
    y = scope.record(primitive, x, tensors=(tensor,))
    down, up = made.others
    if isinstance(primitive, Window):
        if primitive.groups > 1 or primitive.transposed or primitive.symmetry:
            raise ShapeError("`lora` is for convolutions of one group that are not transposed")
        low = scope.record(primitive, x, tensors=(down,))
        ones = (1,) * len(primitive.stride)
        back: Primitive = Window(ones, (0,) * len(ones), ones)
    elif primitive == matrix_product(len(x.shape)):
        low = scope.record(primitive, x, tensors=(down,))
        back = primitive
    else:
        raise ShapeError(f"`lora` is for matrix products, got {primitive.equation!r}")
    high = scope.record(back, low, tensors=(up,))
    factor = Elementwise("scale_by", (("factor", made.how["alpha"] / made.how["rank"]),))
    return scope.record(Elementwise("add"), y, scope.record(factor, high))
