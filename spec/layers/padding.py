"""How the convolutions say their padding: by numbers, pairs of them, or a word."""

from __future__ import annotations

from typing import Any

from spec.errors import quoted
from spec.fields import FieldError, Kind, declare, integer_schema, to_integer

Side = int | tuple[int, int]
"""The padding of an axis: of both ends, or before and behind."""

WORDS = ("same", "valid", "causal")


def padding(dims: int) -> Any:
    """An integer for all axes, one for each, a pair `[before, behind]` for an axis, or a word."""

    def side(item: object) -> Side:
        if not isinstance(item, list | tuple):
            return to_integer(item, 0)
        if len(item) != 2:
            raise FieldError(f"expected a pair [before, behind], got {quoted(list(item))}")
        before, behind = (to_integer(part, 0) for part in item)
        return before if before == behind else (before, behind)

    def convert(value: object) -> tuple[Side, ...] | str:
        if isinstance(value, str):
            if value in WORDS:
                return value
            raise FieldError(f"expected integers or one of {', '.join(WORDS)}, got {quoted(value)}")
        if isinstance(value, list | tuple):
            if len(value) != dims:
                hint = "; a pair is [[before, behind]]" if dims == 1 else ""
                raise FieldError(
                    f"expected {dims} integers or pairs, got {quoted(list(value))}{hint}"
                )
            return tuple(side(item) for item in value)
        return (to_integer(value, 0),) * dims

    # Of lists the schema says nothing more, so that `convert` words what is wrong in them.
    schema = {"anyOf": [integer_schema(0), {"type": "array", "minItems": 1}, {"enum": list(WORDS)}]}
    kind = Kind(convert, schema)
    return declare(kind, (0,) * dims)


def meant(word: str, size: int, kernel: int, stride: int, dilation: int) -> Side:
    """Give the padding of an axis that a word stands for.

    `same` gives ceil(size / stride) positions; where the items that this needs are odd in number,
    the one more is behind, as in PyTorch, Keras and TensorFlow. `causal` puts all in front.

    >>> meant("same", 8, 3, 1, 1), meant("same", 8, 3, 2, 1), meant("causal", 8, 3, 1, 2)
    (1, (0, 1), (4, 0))
    """
    reach = dilation * (kernel - 1)
    if word == "valid":
        return 0
    if word == "causal":
        return (reach, 0) if reach else 0
    total = max(0, (-(-size // stride) - 1) * stride + reach + 1 - size)
    before, behind = total // 2, total - total // 2
    return before if before == behind else (before, behind)
