"""Contract: a sum of products of values and parameters."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.preparation import Preparation
from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@record(frozen=True)
class Contract(Primitive):
    """A sum of products, written as for `numpy.einsum` but without the batch axis.

        Contract("ti,oi->to")                     # x W^T along a sequence
        Contract("hqd,hkd->hqk", values=2)        # the scores of attention

    The first `values` operands are values, the others parameters. No letter comes twice in an
    operand, and each letter of the output comes in an operand. A parameter may be `prepared` first.
    """

    equation: str
    values: int = 1
    prepared: Preparation | None = None
    name: ClassVar[str] = "contract"

    @property
    def operands(self) -> tuple[str, ...]:
        """The letters of each operand's axes."""
        return tuple(self.equation.split("->")[0].split(","))

    @property
    def output(self) -> str:
        """The letters of the output's axes."""
        return self.equation.split("->")[1]

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        sizes: dict[str, int] = {}
        order = [*self.operands[self.values :], *self.operands[: self.values]]
        for place, (letters, shape) in enumerate(zip(order, (*parameters, *inputs), strict=True)):
            is_value = place >= len(parameters)
            if len(letters) != len(shape):
                raise ShapeError(
                    f"a product over the axes {self.equation!r} needs {len(letters)} axes behind "
                    f"the batch, got {show(shape)}"
                )
            for axis, (letter, size) in enumerate(zip(letters, shape, strict=True)):
                if sizes.setdefault(letter, size) == size:
                    continue
                if is_value and axis == len(shape) - 1 and self.values == 1:
                    raise ShapeError(
                        f"a matrix product needs {sizes[letter]} features on the last axis, got "
                        f"{show(shape)}"
                    )
                raise ShapeError(
                    f"a product over the axes {self.equation!r} needs {sizes[letter]} on axis "
                    f"{axis + 1}, got {show(shape) if is_value else list(shape)}"
                )
        return tuple(sizes[letter] for letter in self.output)

    def channel_axis(self, rank: int) -> int | None:
        weighted = set("".join(self.operands[self.values :])) - set(self.output)
        for letters in self.operands[: self.values]:
            if len(letters) == rank:
                for axis in range(rank - 1, -1, -1):
                    if letters[axis] in weighted:
                        return axis
        return None


def matrix_product(rank: int) -> Contract:
    """Give the product of a value's last axis with a parameter `[out, in]`.

    >>> matrix_product(2).equation
    'az,yz->ay'
    """
    others = LETTERS[: rank - 1]
    return Contract(f"{others}z,yz->{others}y")
