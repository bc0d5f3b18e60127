"""What a description declares: its variables, the shapes of its inputs, and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import SpecError, quoted
from spec.expression_syntax import CONSTANTS
from spec.fields import FieldError
from spec.inputs import AxisError, entries, neuron_axes, to_axes, to_shape
from spec.layer import Value
from spec.lookup import named_values
from spec.plain import NotPlainError, plain_copy
from spec.primitives import Shape, ShapeError
from spec.suggestions import suggest

if TYPE_CHECKING:
    from spec.architecture import Architecture
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


def input_shapes(
    expander: Expander, inputs: Any, context: Context
) -> tuple[dict[str, Shape], dict[str, tuple[str, ...]]]:
    """Give the shapes of the inputs and, where it is said, what their axes hold.

    Without any input, nothing can be expanded.
    """
    shapes: dict[str, Shape] = {}
    axes: dict[str, tuple[str, ...]] = {}
    for path, name, written in entries(inputs):
        if name in shapes:
            expander.note(path, f"two inputs have the name {quoted(name)}", key=True)
            continue
        where, names = path, None
        if isinstance(written, dict):
            if "shape" not in written:
                continue  # the schema has said so
            where, names = (*path, "shape"), written.get("axes")
            written = written.get("shape")
        try:
            shapes[name] = to_shape(expander.evaluate(written, where, context))
        except (FieldError, ShapeError) as error:
            place = (*where, error.axis) if isinstance(error, AxisError) else where
            expander.note(place, f"the shape of an input is a list of positive integers: {error}")
            continue
        except StopExpansion:
            continue
        try:
            said = expander.evaluate(names, (*path, "axes"), context)
            if said is not None:
                axes[name] = to_axes(said, shapes[name])
        except AxisError as error:
            expander.note((*path, "axes", error.axis), f"`axes`: {error}")
        except FieldError as error:
            expander.note((*path, "axes"), f"`axes`: {error}")
        except StopExpansion:
            continue
    if not shapes:
        if not expander.problems:
            expander.note((), "a description needs `inputs` with at least one input")
        raise SpecError(expander.problems)
    return shapes, axes


def note_index_axes(expander: Expander, net: Architecture) -> None:
    """Note the axes that are said to hold neurons of inputs that hold indices."""
    for path, name, _ in entries(expander.document.data["inputs"]):
        if name in net.index_inputs and neuron_axes(net.axes.get(name, ())):
            message = (
                f"{quoted(name)} holds indices into a table: its axes hold positions or tokens"
            )
            expander.note((*path, "axes"), f"`axes`: {message}")


def output_values(
    expander: Expander, outputs: Any, context: Context, last: Value | None
) -> list[Value]:
    """Give the values that are the outputs, as far as they are known."""
    values: list[Value | None] = [last]
    if outputs is not None:
        values = named_values(expander, outputs, ("outputs",), context.on(last))[0] or [last]
    return [value for value in values if value is not None]
