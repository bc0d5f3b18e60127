"""An entry that is a layer: its fields, its inputs, its tensors' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spec.context import Context, Path, StopExpansion
from spec.errors import SpecError, quoted
from spec.fields import FieldError, to_integer
from spec.layer import LAYERS, Layer, Value
from spec.lookup import known_as, listed_inputs, name_of
from spec.parametrizations import Parametrization, read
from spec.primitives import Shape, ShapeError
from spec.sharing import Named, shared_tensors
from spec.suggestions import suggest_field

if TYPE_CHECKING:
    from spec.expand import Expander

MAX_LAYERS = 10_000
MAX_OPERATIONS = 50_000
LAYER_STEPS = 40
MERGES = ("add", "multiply", "concat")
COMMON_FIELDS = (
    "name",
    "inputs",
    "parameters",
    "when",
    "output_shape",
    "share",
    "parametrizations",
)


def expand_layer(
    expander: Expander,
    type_: type[Layer],
    raw: Mapping[str, Any],
    path: Path,
    context: Context,
    current: Value | None,
) -> Value:
    """Expand one layer, and give its output."""
    name = context.prefix + name_of(expander, type_.type, raw, path, context)
    if current is None and context.several and type_.reads_nothing:
        current = context.first
    with known_as(expander, name):
        try:
            inputs, varies = listed_inputs(expander, raw, path, context, current)
        except StopExpansion:
            inputs, varies = [None], False
        context = context.on(inputs[0] if inputs else None)
        layer = _layer(expander, type_, raw, path, context)
        known = [value for value in inputs if value is not None]
        if layer is None or len(known) < len(inputs):
            raise StopExpansion
        if varies:
            layer = merging(layer, known)
        said = _tensor_names(expander, raw, path, context)
        shape = _output_shape(expander, raw, path, context)
        made = _parametrizations(expander, raw, path, context)
        names = shared_tensors(expander, type_.type, said, path, context)
        shares = context.twin[2] if context.twin else ""
        if names is None:
            names = {local: _known_tensor(expander, n, context) for local, n in said.items()}
        value = add_layer(expander, layer, name, known, path, context, names, shape, shares, made)
        tensors = expander.builder.layers[-1].tensors
        expander.sharing.layers[context.place(path)] = Named(type_.type, tensors, said)
        expander.sharing.shared += bool(shares and tensors)
        return value


def merging(layer: Layer, inputs: list[Value]) -> Layer:
    """Give the layer that merges a list of values: of one value, the identity."""
    return LAYERS["identity"]() if layer.type in MERGES and len(inputs) == 1 else layer


def add_layer(
    expander: Expander,
    layer: Layer,
    name: str,
    inputs: list[Value],
    path: Path,
    context: Context,
    tensor_names: Mapping[str, str] | None = None,
    output_shape: Shape | None = None,
    shares: str = "",
    parametrizations: Mapping[str, Parametrization] | None = None,
) -> Value:
    """Add a layer to the architecture, under its full name."""
    builder = expander.builder
    for what, count, most in (
        ("layers", len(builder.layers), MAX_LAYERS),
        ("operations", len(builder.operations), MAX_OPERATIONS),
    ):
        if count >= most:
            expander.note(path, f"more than {most:,} {what}", context)
            raise SpecError(expander.problems)
    try:
        value = builder.add(
            layer, name, inputs, tensor_names, output_shape, shares, parametrizations,
            context.home(name),
        )  # fmt: skip
    except ShapeError as error:
        expander.note(path, str(error), context, key=True)
        raise StopExpansion from None
    expander.spend(LAYER_STEPS, path, context)
    expander.values[name] = value
    for full in builder.layers[-1].further:
        expander.values[full] = Value(full, builder.shapes[full])
        expander.reserved[full] = f"what the layer {quoted(name)} gives beside its output"
    expander.layer_places[name] = (path, context)
    return value


def _layer(
    expander: Expander, type_: type[Layer], raw: Mapping[str, Any], path: Path, context: Context
) -> Layer | None:
    """Evaluate and check the fields; None where any is wrong."""
    fields: dict[str, Any] = {}
    failed = set()
    for key, value in raw.items():
        if key in COMMON_FIELDS:
            continue
        if key not in type_.field_names():
            if path[-1] != type_.type and _is_left_out(expander, value, (*path, key), context):
                continue
            options = (*type_.field_names(), *COMMON_FIELDS)
            message = f"`{type_.type}` has no field {quoted(key)}{suggest_field(key, options)}"
            expander.note((*path, key), message, context, key=True)
            failed.add(key)
            continue
        try:
            given = expander.evaluate(value, (*path, key), context)
            if given is not None or value is None:  # a variable that is null leaves the field out
                fields[key] = given
        except StopExpansion:
            failed.add(key)
            fields[key] = None
    layer, wrong = type_.from_fields(fields)
    for field, message in wrong.items():
        if field in failed:
            continue
        where = (*path, field) if field else path
        told = f"`{field}`: {message}" if field else message
        expander.note(where, told, context, key=not field)
    return None if failed else layer


def _is_left_out(expander: Expander, value: Any, path: Path, context: Context) -> bool:
    """Whether an expression leaves a field out, which another layer in this place would have."""
    try:
        return isinstance(value, str) and expander.evaluate(value, path, context) is None
    except StopExpansion:
        return False


def _tensor_names(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context
) -> dict[str, str]:
    where: Path = (*path, "parameters")
    names = expander.evaluate(raw.get("parameters", {}), where, context)
    if not isinstance(names, dict):
        raise StopExpansion  # the schema has said so
    names = {local: name for local, name in names.items() if name is not None}
    for local, name in names.items():
        if not isinstance(name, str) or not 1 <= len(name) <= 1_000:
            message = f"expected a tensor's name of at most 1,000 characters, got {quoted(name)}"
            expander.note((*where, local), message, context)
            raise StopExpansion
    return names


def _parametrizations(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context
) -> dict[str, Parametrization]:
    """Read how tensors are made from others, by their names in the layer."""
    where: Path = (*path, "parametrizations")
    given = expander.evaluate(raw.get("parametrizations", {}), where, context)
    if not isinstance(given, dict):
        raise StopExpansion  # the schema has said so
    made = {}
    for local, value in given.items():
        if value is None:
            continue
        try:
            made[local] = read(value)
        except FieldError as error:
            expander.note(
                (*where, local), f"`parametrizations` of {quoted(local)}: {error}", context
            )
            raise StopExpansion from None
    return made


def _known_tensor(expander: Expander, name: str, context: Context) -> str:
    """Look a tensor up as values are, from the innermost list outwards; else the name is new."""
    tensors = expander.builder.tensors
    homes = (context.home(prefix + name) for prefix in context.scopes())
    return next((home for home in homes if home in tensors), name)


def _output_shape(
    expander: Expander, raw: Mapping[str, Any], path: Path, context: Context
) -> Shape | None:
    if "output_shape" not in raw:
        return None
    where: Path = (*path, "output_shape")
    sizes = expander.evaluate(raw["output_shape"], where, context)
    if sizes is None:
        return None
    try:
        if not isinstance(sizes, list):
            raise FieldError(f"expected a list, got {quoted(sizes)}")
        return tuple(to_integer(size, 1) for size in sizes)
    except FieldError as error:
        expander.note(where, f"`output_shape`: {error}", context)
        raise StopExpansion from None
