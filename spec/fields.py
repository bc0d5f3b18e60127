"""The kinds of fields that a layer may have: how each is checked, and its JSON Schema.

@dataclass(frozen=True, kw_only=True)
class Linear(Layer):
out_features: int = size()
bias: bool = flag(default=True)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

from spec.errors import quoted
from spec.primitives.primitive import MAX_AXES, MAX_ELEMENTS
from spec.records import record

REQUIRED: Any = dataclasses.MISSING
MAX_SIZE = MAX_ELEMENTS
MAX_ENTRIES = 1_000  # of a list in a field


class FieldError(Exception):
    """A field's value that its kind does not admit: what was expected, what was got."""


@record(frozen=True)
class Kind:
    """A kind of field: `convert` checks and normalises a value, `schema` describes it."""

    convert: Callable[[object], object]
    schema: dict[str, Any]


def declare(kind: Kind, default: Any, summary: str = "") -> Any:
    """Make a dataclass field of this kind."""
    return dataclasses.field(default=default, metadata={"kind": kind, "summary": summary})


def size(
    default: Any = REQUIRED, *, minimum: int = 1, maximum: int = MAX_SIZE, summary: str = ""
) -> Any:
    """An integer from `minimum` to `maximum`; None too if it is the default (inferred)."""
    kind = integer_kind(minimum, maximum, optional=default is None)
    return declare(kind, default, summary)


def sizes(dims: int, default: Any = REQUIRED, *, minimum: int = 1, summary: str = "") -> Any:
    """One integer for each of `dims` spatial axes; a single integer stands for all of them."""
    if isinstance(default, int):
        default = (default,) * dims
    return declare(integers_kind(dims, minimum, optional=default is None), default, summary)


def number(default: Any = REQUIRED, *, minimum: float = -math.inf, summary: str = "") -> Any:
    """A finite number of at least `minimum`; None is admitted when it is the default."""
    return declare(number_kind(minimum, optional=default is None), default, summary)


def factors(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """One or more positive finite numbers; None is admitted when it is the default."""
    optional = default is None

    def convert(value: object) -> tuple[float, ...] | None:
        if optional and value is None:
            return None
        numbers = short(value) if isinstance(value, list | tuple) and value else [value]
        for item in numbers:
            real = isinstance(item, int | float) and not isinstance(item, bool)
            if not real or not 0 < item < math.inf:  # type: ignore[operator]
                raise FieldError(f"expected positive numbers, got {quoted(value)}")
        return tuple(numbers)  # type: ignore[arg-type]

    item = {"type": "number", "exclusiveMinimum": 0}
    options: list[dict[str, Any]] = [item, {"type": "array", "items": item, "minItems": 1}]
    schema = {"anyOf": [*options, {"type": "null"}] if optional else options}
    return declare(Kind(convert, schema), default, summary)


def flag(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """True or false; None is admitted when it is the default."""

    def convert(value: object) -> bool | None:
        if default is None and value is None:
            return None
        if not isinstance(value, bool):
            raise FieldError(f"expected true or false, got {quoted(value)}")
        return value

    types = ["boolean", "null"] if default is None else "boolean"
    return declare(Kind(convert, {"type": types}), default, summary)


def choice(options: Sequence[str], default: Any = REQUIRED, *, summary: str = "") -> Any:
    """One of a few words."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in options:
            raise FieldError(f"expected one of {', '.join(options)}, got {quoted(value)}")
        return value

    return declare(Kind(convert, {"enum": list(options)}), default, summary)


def text(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """A text of at most a thousand characters."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or len(value) > MAX_ENTRIES:
            raise FieldError(f"expected a text, got {quoted(value)}")
        return value

    return declare(Kind(convert, {"type": "string"}), default, summary)


def axis(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """An axis, counted as in PyTorch: 0 is the batch, negative ones count from the end."""
    return declare(integer_kind(-MAX_AXES, MAX_AXES), default, summary)


def axes(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """One or more axes, counted as `axis` counts them; None is admitted when it is the default."""
    return declare(list_kind(-MAX_AXES, MAX_AXES, optional=default is None), default, summary)


def integer(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """An integer of either sign, as of an index; None is admitted when it is the default."""
    return declare(integer_kind(-MAX_SIZE, optional=default is None), default, summary)


def integers(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """One or more integers of either sign; None is admitted when it is the default."""
    return declare(list_kind(-MAX_SIZE, optional=default is None), default, summary)


def with_unknown(default: Any = REQUIRED, *, several: bool = False, summary: str = "") -> Any:
    """One or more positive integers, or -1 in the place of one (or `several`) that follow."""

    def convert(value: object) -> tuple[int, ...]:
        sizes = short(value) if isinstance(value, list | tuple) else [value]
        result = tuple(to_integer(item, -1) for item in sizes)
        if not result or 0 in result or (result.count(-1) > 1 and not several):
            most = "or -1" if several else "at most one of them -1"
            raise FieldError(f"expected positive integers, {most}, got {quoted(value)}")
        return result

    return declare(Kind(convert, list_kind(-1).schema), default, summary)


def shape(default: Any = REQUIRED, *, empty: bool = False, summary: str = "") -> Any:
    """A positive integer or a list of them, `empty` if that may be; None if it is the default."""
    optional = default is None

    def convert(value: object) -> tuple[int, ...] | None:
        if optional and value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return (to_integer(value, 1),)
        if isinstance(value, list | tuple) and (value or empty):
            return tuple(to_integer(item, 1) for item in short(value))
        raise FieldError(f"expected a positive integer or a list of them, got {quoted(value)}")

    item = integer_schema(1)
    options = [item, {"type": "array", "items": item, "minItems": 0 if empty else 1}]
    schema = {"anyOf": [*options, {"type": "null"}] if optional else options}
    return declare(Kind(convert, schema), default, summary)


def array(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """A number or a list of them, nested as an array is; infinite ones are `.inf` and `-.inf`."""

    def one(value: object) -> float | str:
        if value in ("inf", "-inf"):
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise FieldError(f"expected a number or a list of them, got {quoted(value)}")
        return float(value) if math.isfinite(value) else str(float(value))

    def convert(value: object) -> Any:
        if not isinstance(value, list | tuple):
            return one(value)
        if not value:
            raise FieldError("expected numbers, got an empty list")
        items = tuple(convert(item) for item in short(value))
        if len({size_of(item) for item in items}) > 1:
            raise FieldError(f"expected lists of one length side by side, got {quoted(value)}")
        return items

    item = {"type": ["number", "string"]}
    schema = {"anyOf": [item, {"type": "array", "items": {}, "minItems": 0}]}
    return declare(Kind(convert, schema), default, summary)


def size_of(value: Any) -> tuple[int, ...]:
    """Give the shape of nested tuples."""
    return (len(value), *size_of(value[0])) if isinstance(value, tuple) else ()


def flat(value: Any) -> tuple[Any, ...]:
    """List the items of nested tuples in C order."""
    if not isinstance(value, tuple):
        return (value,)
    return tuple(item for part in value for item in flat(part))


def probability(default: Any = REQUIRED, *, summary: str = "") -> Any:
    """A number from 0, less than 1."""

    def convert(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise FieldError(f"expected a number from 0, less than 1, got {quoted(value)}")
        return float(value)

    schema = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    return declare(Kind(convert, schema), default, summary)


def integer_kind(minimum: int, maximum: int = MAX_SIZE, *, optional: bool = False) -> Kind:
    """Give the kind of one integer, and of None if optional."""

    def convert(value: object) -> int | None:
        return None if optional and value is None else to_integer(value, minimum, maximum)

    schema = integer_schema(minimum, maximum)
    return Kind(convert, {**schema, "type": ["integer", "null"]} if optional else schema)


def integer_schema(minimum: int, maximum: int = MAX_SIZE) -> dict[str, Any]:
    """Describe one integer; a maximum that is no more than what an index can count is unsaid."""
    schema: dict[str, Any] = {"type": "integer", "minimum": minimum}
    if minimum == -MAX_SIZE:
        del schema["minimum"]
    return schema if maximum == MAX_SIZE else {**schema, "maximum": maximum}


def list_kind(minimum: int, maximum: int = MAX_SIZE, *, optional: bool = False) -> Kind:
    """Give the kind of one integer or a list of them, and of None if optional."""

    def convert(value: object) -> tuple[int, ...] | None:
        if optional and value is None:
            return None
        if isinstance(value, list | tuple) and value:
            return tuple(to_integer(item, minimum, maximum) for item in short(value))
        return (to_integer(value, minimum, maximum),)

    item = integer_schema(minimum, maximum)
    options = [item, {"type": "array", "items": item, "minItems": 1}]
    return Kind(convert, {"anyOf": [*options, {"type": "null"}] if optional else options})


def integers_kind(dims: int, minimum: int, *, optional: bool = False) -> Kind:
    """Give the kind of one integer for each axis, and of None if optional."""

    def convert(value: object) -> tuple[int, ...] | None:
        if optional and value is None:
            return None
        if isinstance(value, list | tuple):
            if len(value) != dims:
                raise FieldError(f"expected {dims} integers, got {quoted(list(value))}")
            return tuple(to_integer(item, minimum) for item in value)
        return (to_integer(value, minimum),) * dims

    item = integer_schema(minimum)
    options = [item, {"type": "array", "items": item, "minItems": dims, "maxItems": dims}]
    return Kind(convert, {"anyOf": [*options, {"type": "null"}] if optional else options})


def number_kind(minimum: float, *, optional: bool = False) -> Kind:
    """Give the kind of a finite number, and of None if optional."""

    def convert(value: object) -> float | None:
        if optional and value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldError(f"expected a number, got {quoted(value)}")
        if not math.isfinite(value) or value < minimum:
            bound = "" if minimum == -math.inf else f" of at least {minimum:g}"
            raise FieldError(f"expected a finite number{bound}, got {quoted(value)}")
        return float(value)

    schema: dict[str, Any] = {"type": ["number", "null"] if optional else "number"}
    if minimum != -math.inf:
        schema["minimum"] = minimum
    return Kind(convert, schema)


def short(value: Sequence[object]) -> Sequence[object]:
    """Check the length of a list."""
    if len(value) > MAX_ENTRIES:
        raise FieldError(f"expected at most {MAX_ENTRIES:,} entries, got {len(value):,}")
    return value


def to_integer(value: object, minimum: int, maximum: int = MAX_SIZE) -> int:
    """Check one integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise FieldError(f"expected an integer, got {quoted(value)}")
    if value < minimum:
        raise FieldError(f"expected an integer of at least {minimum}, got {quoted(value)}")
    if value > maximum:
        bound = "2^63 - 1" if maximum == MAX_SIZE else f"{maximum:,}"
        raise FieldError(f"expected an integer of at most {bound}, got {quoted(value)}")
    return value
