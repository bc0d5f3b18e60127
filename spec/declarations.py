"""What a description declares: its variables, the shapes of its inputs, and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import SpecError, quoted
from spec.expression_syntax import CONSTANTS
from spec.fields import FieldError, to_integer
from spec.inputs import entries
from spec.layer import Value
from spec.lookup import named_values
from spec.plain import NotPlainError, plain_copy
from spec.primitives import ShapeError, counted
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.expand import Expander


def bind_variables(
    expander: Expander, defaults: Mapping[str, Any], overrides: Mapping[str, object]
) -> None:
    """Give every variable its value: the one given, or its default."""
    for name in overrides:
        if name not in defaults:
            known = ", ".join([*defaults][:20]) or "none"
            hint = suggest(name, defaults)
            message = f"no variable {quoted(name)} here; the variables are: {known}{hint}"
            expander.note(("vars",), message)
    for name, default in defaults.items():
        place: Path = ("vars", name)
        if name in CONSTANTS:
            expander.note(place, f"`{name}` stands for itself: take another name", key=True)
        try:
            value = plain_copy(overrides[name]) if name in overrides else default
            if value is None:
                expander.note(place, f"the variable {quoted(name)} has no default: give a value")
            above = Context(expander.variables)
            expander.variables[name] = expander.evaluate(value, place, above)
        except NotPlainError as error:
            expander.note(place, f"the value given for {quoted(name)}: {error}")
            expander.variables[name] = None
        except StopExpansion:
            expander.variables[name] = None


def input_shapes(expander: Expander, inputs: Any, context: Context) -> dict[str, tuple[int, ...]]:
    """Give the shapes of the inputs; without any, nothing can be expanded."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path, name, shape in entries(inputs):
        if name in shapes:
            expander.note(path, f"two inputs have the name {quoted(name)}", key=True)
            continue
        try:
            sizes = expander.evaluate(shape, path, context)
            if not isinstance(sizes, list):
                raise FieldError(f"got {quoted(sizes)}")
            shapes[name] = counted(tuple(to_integer(size, 1) for size in sizes))
        except (FieldError, ShapeError) as error:
            expander.note(path, f"the shape of an input is a list of positive integers: {error}")
        except StopExpansion:
            continue
    if not shapes:
        if not expander.problems:
            expander.note((), "a description needs `inputs` with at least one input")
        raise SpecError(expander.problems)
    return shapes


def output_values(
    expander: Expander, outputs: Any, context: Context, last: Value | None
) -> list[Value]:
    """Give the values that are the outputs, as far as they are known."""
    values: list[Value | None] = [last]
    if outputs is not None:
        values = named_values(expander, outputs, ("outputs",), context.on(last))[0] or [last]
    return [value for value in values if value is not None]
