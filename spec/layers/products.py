"""matmul, einsum: sums of products of values."""

from __future__ import annotations

from typing import ClassVar

from spec.errors import quoted
from spec.fields import text
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Contract, RefusalError, ShapeError, show
from spec.primitives.contract import LETTERS
from spec.records import record

MOST_LEADING = 20
REST = "..."


@register("matmul")
@record(frozen=True, kw_only=True)
class Matmul(Layer):
    """The matrix product of the last two axes of x `[N, ..., n, k]` and y `[N, ..., k, m]`.

    Both have as many axes; leading ones are equal, or 1 and repeated.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 2)

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        x, y = (value.shape for value in inputs)
        both = f"got {show(x)} and {show(y)}"
        if len(x) != len(y) or len(x) < 2 or len(x) > MOST_LEADING:
            raise ShapeError(
                "`matmul` needs two values of as many axes, at least [N, n, k] and [N, k, m], "
                f"{both}; `reshape` adds axes of 1"
            )
        if x[-1] != y[-2]:
            raise ShapeError(
                f"`matmul` needs rows of y as many as columns of x, {both}; `transpose` turns one"
            )
        if any(a != b and 1 not in (a, b) for a, b in zip(x[:-2], y[:-2], strict=True)):
            raise ShapeError(f"`matmul` needs leading axes that are equal, or 1, {both}")
        leading = LETTERS[: len(x) - 2]
        return product(scope, inputs, [f"{leading}NK", f"{leading}KM"], f"{leading}NM")


@register("einsum")
@record(frozen=True, kw_only=True)
class Einsum(Layer):
    """A sum of products of two or more values, as `torch.einsum`: `bij,bjk->bik`.

    The first letter of all, or `...`, stands for the batch. `...` may stand for further axes in
    front, which are equal in all, or 1 and repeated.
    """

    inputs_allowed: ClassVar[tuple[int, int]] = (2, 8)

    equation: str = text(summary="letters of the axes of each input, an arrow, those of the output")

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        words, output = self._words(len(inputs))
        rests = [
            len(value.shape) - len(word) if self.leading else 0
            for word, value in zip(words, inputs, strict=True)
        ]
        for word, value, rest in zip(words, inputs, rests, strict=True):
            if rest < 0 or len(value.shape) != rest + len(word):
                axes = f"at least {len(word) + 1}" if self.leading else f"{len(word) + 1}"
                raise ShapeError(
                    f"`equation` {quoted(self.equation)} needs {axes} axes with the batch, got "
                    f"{show(value.shape)}"
                )
        if len(set(rests)) > 1:
            raise ShapeError(
                f"`...` in {quoted(self.equation)} stands for as many axes in each input, got "
                + " and ".join(show(value.shape) for value in inputs)
            )
        front = [chr(0x100 + axis) for axis in range(rests[0])]
        return product(
            scope, inputs, ["".join(front) + word for word in words], "".join(front) + output,
            self.equation,
        )  # fmt: skip

    @property
    def leading(self) -> bool:
        """Whether the axes in front are written as `...`."""
        return REST in self.equation

    def _words(self, count: int) -> tuple[list[str], str]:
        """Read the equation: the letters of each input and of the output, without the batch."""
        said = f"`equation` is {quoted(self.equation)}"
        sides = self.equation.replace(" ", "").split("->")
        if len(sides) != 2:
            raise ShapeError(f"{said}, expected an arrow: 'bij,bjk->bik'")
        words, output = sides[0].split(","), sides[1]
        if len(words) != count:
            raise ShapeError(f"{said} of {len(words)} inputs, but there are {count}")
        head = REST if self.leading else words[0][:1]
        if not head or not all(word.startswith(head) for word in (*words, output)):
            begin = "`...`" if self.leading else "one letter, the batch,"
            raise RefusalError(f"{said}, expected {begin} in front of each input and of the output")
        words, output = [word[len(head) :] for word in words], output[len(head) :]
        for word in (*words, output):
            if not (word.isascii() and word.isalpha()) and word:
                raise ShapeError(f"{said}, expected letters from a to z and A to Z")
            twice = next((letter for letter in word if word.count(letter) > 1), None)
            if twice is not None or head in word:
                raise RefusalError(
                    f"{said}, in which {quoted(twice or head)} comes twice in one value: diagonals "
                    "are not said by letters; multiply by a `constant` of ones on the diagonal"
                )
        missing = next((letter for letter in output if letter not in "".join(words)), None)
        if missing is not None:
            raise ShapeError(f"{said}, but no input has the axis {quoted(missing)}")
        return words, output


def product(
    scope: Scope, inputs: tuple[Value, ...], words: list[str], output: str, equation: str = ""
) -> Value:
    """Apply a sum of products, whose letters are any characters; axes of 1 are repeated."""
    sizes: dict[str, int] = {}
    for word, value in zip(words, inputs, strict=True):
        for letter, size in zip(word, value.shape, strict=True):
            known = sizes.setdefault(letter, size)
            if 1 not in (known, size) and known != size:
                where = f"the axis {quoted(letter)}" if letter.isascii() else "an axis of `...`"
                shapes = " and ".join(show(other.shape) for other in inputs)
                raise ShapeError(
                    f"{where} of {quoted(equation)} has {known} items in one input and {size} in "
                    f"another, got {shapes}"
                )
            sizes[letter] = max(known, size)
    names: dict[str, str] = {}

    def name(letter: str) -> str:
        if letter not in names and len(names) == len(LETTERS):
            raise RefusalError(f"a sum of products has at most {len(LETTERS)} different axes")
        return names.setdefault(letter, LETTERS[len(names) % len(LETTERS)])

    operands = [
        # An axis of 1 that is repeated is one of its own, summed over its only item.
        "".join(
            name(letter if size == sizes[letter] else f"{letter}{place}")
            for letter, size in zip(word, value.shape, strict=True)
        )
        for place, (word, value) in enumerate(zip(words, inputs, strict=True))
    ]
    result = "".join(name(letter) for letter in output)
    return scope.apply(Contract(f"{','.join(operands)}->{result}", values=len(inputs)), *inputs)
