"""lora and dora: a weight and beside it the product of two narrow ones.

The tensors are named and shaped as `peft` saves them: `lora_A.weight` and `lora_B.weight`,
`lora_embedding_A` and `lora_embedding_B` of a table, and the `lora_magnitude_vector` of dora.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from spec.architecture import TensorSpec
from spec.parametrizations.kinds import Made
from spec.primitives import (
    Contract,
    Elementwise,
    Learned,
    Lookup,
    Primitive,
    Reduce,
    RefusalError,
    Reshape,
    ShapeError,
    Window,
    matrix_product,
)
from spec.primitives.contract import LETTERS
from spec.records import record

if TYPE_CHECKING:
    from spec.layer import Scope, Value


@record(frozen=True)
class Adapter:
    """Two narrow weights, what each is applied by, and what is made of both.

    `whole` is the equation by which the two make a weight; `outputs` the axis of the weight, and
    `axis` that of the layer's output, on which the output's neurons lie.
    """

    down: Primitive
    up: Primitive
    first: TensorSpec
    second: TensorSpec
    whole: str
    outputs: int
    axis: int
    magnitudes: tuple[int, ...]


def apply(
    scope: Scope, primitive: Contract | Window | Lookup, x: Value, tensor: TensorSpec, made: Made
) -> Value:
    """Apply a weight and its adapter, `(W + alpha / rank B A) x`; in dora with rows of lengths."""
    adapter = adapted(scope, primitive, tensor, made, len(x.shape))
    y = scope.record(primitive, x, tensors=(tensor,))
    low = scope.record(adapter.down, x, tensors=(adapter.first,))
    high = scope.record(adapter.up, low, tensors=(adapter.second,))
    factor = Elementwise("scale_by", (("factor", made.how["alpha"] / made.how["rank"]),))
    y = scope.record(Elementwise("add"), y, scope.record(factor, high))
    return of_lengths(scope, adapter, factor, y, x, tensor, made) if made.how.kind == "dora" else y


def adapted(
    scope: Scope, primitive: Primitive, tensor: TensorSpec, made: Made, rank_of_input: int
) -> Adapter:
    """Declare the two narrow weights of a layer, and say how they are applied."""
    shape, rank, zeros = tensor.shape, made.how["rank"], ("constant", 0.0)
    if isinstance(primitive, Lookup):
        names = f"{made.place}lora_embedding_A", f"{made.place}lora_embedding_B"
        first = scope.declare(names[0], (rank, shape[0]), zeros)
        second = scope.declare(names[1], (shape[1], rank), made.initial)
        up: Primitive = matrix_product(rank_of_input + 1)
        return Adapter(
            Lookup("columns"), up, first, second, "za,bz->ab", 1, rank_of_input, (shape[1],)
        )
    names = f"{made.place}lora_A.weight", f"{made.place}lora_B.weight"
    if isinstance(primitive, Window):
        return of_kernel(scope, primitive, tensor, made, names)
    if not isinstance(primitive, Contract):
        raise TypeError(f"expected a Contract, got {primitive}")
    letters, weight = primitive.operands
    row, columns = weight[0], weight[1:]
    if not columns or row in letters:
        raise RefusalError(
            f"`{made.how.kind}` of a weight of shape {list(shape)} in the product "
            f"{primitive.equation!r}: expected its first axis to be of outputs alone, and another"
        )
    narrow = next(letter for letter in LETTERS if letter not in primitive.equation)
    between = primitive.output.replace(row, narrow)
    first = scope.declare(names[0], (rank, *shape[1:]), made.initial)
    second = scope.declare(names[1], (shape[0], rank), zeros)
    return Adapter(
        Contract(f"{letters},{narrow}{columns}->{between}"),
        Contract(f"{between},{row}{narrow}->{primitive.output}"),
        first, second, f"{narrow}{columns},{row}{narrow}->{weight}", 0,
        primitive.output.index(row), (shape[0],),
    )  # fmt: skip


def of_kernel(
    scope: Scope, primitive: Window, tensor: TensorSpec, made: Made, names: tuple[str, str]
) -> Adapter:
    """Declare the narrow weights of a convolution: one of its kernel's size, and one of points.

    The first reads all channels, and the second has the groups of the layer, as in `peft`.
    """
    kind, shape, rank, groups = made.how.kind, tensor.shape, made.how["rank"], primitive.groups
    if primitive.transposed or primitive.symmetry:
        what = "is transposed" if primitive.transposed else "turns its kernel"
        raise RefusalError(
            f"`{kind}` of a convolution that {what}: no adapter is defined for it; write the "
            "narrow layers beside it, and `add` them"
        )
    if groups > 1 and kind == "dora":
        raise RefusalError(
            f"`dora` of a convolution of {groups} groups: what its adapter adds reads all "
            "channels, so that both are no one kernel that has lengths; take `lora`"
        )
    if rank % groups:
        raise ShapeError(f"`rank` {rank} does not divide into {groups} groups")
    places = shape[2:]
    ones = (1,) * len(places)
    first = scope.declare(names[0], (rank, shape[1] * groups, *places), made.initial)
    second = scope.declare(names[1], (shape[0], rank // groups, *ones), ("constant", 0.0))
    down = Window(primitive.stride, primitive.padding, primitive.dilation,
                  padding_mode=primitive.padding_mode)  # fmt: skip
    up = Window(ones, (0,) * len(ones), ones, groups)
    taps = LETTERS[2 : 2 + len(places)]
    whole = f"zb{taps},az->ab{taps}"
    return Adapter(down, up, first, second, whole, 0, 0, (1, shape[0], *ones))


def of_lengths(
    scope: Scope, adapter: Adapter, factor: Elementwise, y: Value, x: Value, tensor: TensorSpec,
    made: Made,
) -> Value:  # fmt: skip
    """Give the weight of each output a learned length (Liu et al. 2024, eq. 5)."""
    shape, outputs = tensor.shape, adapter.outputs
    length = (prod(shape) / shape[outputs] / (3 if made.initial[0] == "uniform" else 1)) ** 0.5
    name = f"{made.place}lora_magnitude_vector"
    begin = ("constant", made.initial[1] * length)
    magnitudes = scope.declare(name, adapter.magnitudes, begin)
    value = scope.record(Learned(), x, tensors=(adapter.first,))
    narrow = scope.record(Learned(), x, tensors=(adapter.second,))
    if len(narrow.shape) > 2:
        narrow = scope.record(Reshape(narrow.shape[:2]), narrow)
    value = scope.record(Contract(adapter.whole, values=2), value, narrow)
    weight = scope.record(Learned(), x, tensors=(tensor,))
    value = scope.record(Elementwise("add"), weight, scope.record(factor, value))
    axes = tuple(axis for axis in range(len(shape)) if axis != outputs)
    squares = scope.record(Elementwise("square"), value)
    inverse = scope.record(Elementwise("rsqrt"), scope.record(Reduce("sum", axes=axes), squares))
    lead = len(adapter.magnitudes) > 1
    if lead:
        inverse = scope.record(Reshape((1, shape[outputs])), inverse)
    lengths = scope.record(Elementwise("multiply", axis=0), inverse, tensors=(magnitudes,))
    sizes = tuple(n if place == adapter.axis else 1 for place, n in enumerate(y.shape))
    if sizes != lengths.shape:
        lengths = scope.record(Reshape(sizes), lengths)
    return scope.record(Elementwise("multiply"), y, lengths)
