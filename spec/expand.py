"""Expansion: from the authored form, with its variables and blocks, to flat named layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spec.architecture import Architecture
from spec.builder import Builder
from spec.context import Context, Path, StopExpansion
from spec.errors import Problem, SpecError, quoted
from spec.expressions import ExpressionError, substitute
from spec.fields import FieldError, to_integer
from spec.inputs import entries
from spec.layer import LAYERS, Layer, Value
from spec.primitives import ShapeError
from spec.structures import STRUCTURES
from spec.suggestions import suggest
from spec.yaml_reader import Document

MAX_LAYERS = 10_000
MAX_DEPTH = 32
COMMON_FIELDS = ("name", "inputs", "parameters", "when", "output_shape")


class Expander:
    """Walks one document; `run` gives its architecture or raises a `SpecError` with all problems.

    After a layer that could not be expanded the value is unknown (None), and what follows is
    checked as far as it can be without shapes.
    """

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self.problems = problems
        self.places = {problem.mark for problem in problems}
        self.values: dict[str, Value | None] = {}
        self.variables: dict[str, object] = {}
        self.blocks: Mapping[str, Any] = document.data.get("blocks") or {}

    def run(self, overrides: Mapping[str, object]) -> Architecture:
        """Expand everything; problems found before are reported with those found here."""
        data = self.document.data
        self._bind_variables(data.get("vars") or {}, overrides)
        context = Context(self.variables)
        inputs = self._inputs(data.get("inputs"), context)
        self.builder = Builder(inputs)
        self.values |= {name: Value(name, shape) for name, shape in inputs.items()}
        first = self.values[next(iter(inputs))] if len(inputs) == 1 else None
        self.first_is_open = len(inputs) > 1
        last = self.sequence(data.get("layers") or [], ("layers",), context, first)
        outputs = self._outputs(data.get("outputs"), context, last)
        if self.problems:
            raise SpecError(self.problems)
        name = str(data.get("name", "network"))
        return self.builder.finish(name, [value for value in outputs if value is not None])

    def note(
        self, path: Path, message: str, context: Context | None = None, key: bool = False
    ) -> None:
        """Note a problem once: not where the schema found one, nor again in a loop or a block."""
        trail = tuple(reversed(context.trail)) if context else ()
        problem = self.document.problem(path, message, key=key, trail=trail)
        seen = {(other.mark, other.message) for other in self.problems}
        known = problem.mark is not None and problem.mark in self.places
        if not known and (problem.mark, problem.message) not in seen:
            self.problems.append(problem)

    def evaluate(self, value: Any, path: Path, context: Context) -> Any:
        """Substitute variables anywhere inside a value."""
        if isinstance(value, list):
            return [self.evaluate(item, (*path, i), context) for i, item in enumerate(value)]
        if isinstance(value, dict):
            return {k: self.evaluate(item, (*path, k), context) for k, item in value.items()}
        try:
            return substitute(value, context.variables)
        except ExpressionError as error:
            self.note(path, str(error), context)
            raise StopExpansion from None

    def _bind_variables(self, defaults: Mapping[str, Any], overrides: Mapping[str, object]) -> None:
        for name in overrides:
            if name not in defaults:
                known = ", ".join(defaults) or "none"
                self.note(("vars",), f"no variable {name!r} here; the variables are: {known}")
        for name, default in defaults.items():
            value = overrides.get(name, default)
            if value is None:
                self.note(("vars", name), f"the variable {name!r} has no default: give a value")
            try:
                self.variables[name] = self.evaluate(
                    value, ("vars", name), Context(dict(self.variables))
                )
            except StopExpansion:
                self.variables[name] = None

    def _inputs(self, inputs: Any, context: Context) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for path, name, shape in entries(inputs):
            try:
                value = self.evaluate(shape, path, context)
                shapes[name] = tuple(to_integer(size, 1) for size in value)
            except (FieldError, TypeError) as error:
                expected = f"the shape of an input is a list of positive integers: {error}"
                self.note(path, expected)
            except StopExpansion:
                continue
        if not shapes:
            if not self.problems:
                self.note((), "a description needs `inputs` with at least one input")
            raise SpecError(self.problems)
        return shapes

    def _outputs(self, outputs: Any, context: Context, last: Value | None) -> list[Value | None]:
        if outputs is None:
            return [last]
        try:
            names = self.evaluate(outputs, ("outputs",), context)
        except StopExpansion:
            return []
        names = names if isinstance(names, list) else [names]
        return [self.find(name, ("outputs",), context) for name in names]

    def sequence(
        self, items: Any, path: Path, context: Context, current: Value | None
    ) -> Value | None:
        """Expand a list of layers, each on the output of the one before it."""
        if context.depth > MAX_DEPTH:
            self.note(
                path, f"blocks are nested deeper than {MAX_DEPTH}: does one call itself?", context
            )
            raise SpecError(self.problems)
        for position, item in enumerate(items):
            try:
                current = self.item(item, (*path, position), context, current)
            except StopExpansion:
                current = None
        return current

    def item(self, item: Any, path: Path, context: Context, current: Value | None) -> Value | None:
        """Expand one entry of a list of layers."""
        if isinstance(item, str):
            written: str = item
            raw: Any = {}
            inner = path
        elif isinstance(item, dict) and len(item) == 1:
            written, raw = next(iter(item.items()))
            inner = (*path, written)
        else:
            raise StopExpansion  # the schema has said so
        if raw is None:
            raw = {}
        if not isinstance(raw, dict):
            raise StopExpansion
        type_ = self.evaluate(written, inner, context)
        if "when" in raw and not self.evaluate(raw["when"], (*inner, "when"), context):
            return current
        if is_entry(type_) and not raw:
            return self.item(type_, path, context, current)
        if not isinstance(type_, str):
            expected = "expected a layer: its type, or a mapping of its type to its fields"
            self.note(inner, f"{expected}; got {quoted(type_)}", context)
            raise StopExpansion
        if type_ in STRUCTURES:
            return STRUCTURES[type_](self, raw, inner, context, current)
        if type_ in self.blocks:
            return self.block(type_, raw, inner, context, current)
        if type_ not in LAYERS:
            self.note(inner, unknown(type_, self.blocks), context, key=True)
            raise StopExpansion
        return self.layer(LAYERS[type_], raw, inner, context, current)

    def name_of(self, raw: Mapping[str, Any], path: Path, context: Context) -> str:
        """Give an entry's own name, or its number in the list."""
        if "name" not in raw:
            return context.counter.take()
        context.counter.take()
        return str(self.evaluate(raw["name"], (*path, "name"), context))

    def layer(
        self,
        type_: type[Layer],
        raw: Mapping[str, Any],
        path: Path,
        context: Context,
        current: Value | None,
    ) -> Value | None:
        """Expand one layer."""
        name = context.prefix + self.name_of(raw, path, context)
        self.values[name] = None
        fields: dict[str, Any] = {}
        failed = False
        for key in raw:
            if key in COMMON_FIELDS:
                continue
            if key not in type_.field_names():
                options = (*type_.field_names(), *COMMON_FIELDS)
                message = f"`{type_.type}` has no field {key!r}{suggest(key, options)}"
                self.note((*path, key), message, context, key=True)
                failed = True
                continue
            try:
                fields[key] = self.evaluate(raw[key], (*path, key), context)
            except StopExpansion:
                failed = True
                fields[key] = None
        inputs = self.inputs_of(raw, path, context, current)
        layer, wrong = type_.from_fields(fields)
        for field, message in wrong.items():
            if field and fields[field] is None and failed:
                continue
            where = (*path, field) if field else path
            self.note(where, f"`{field}`: {message}" if field else message, context, key=not field)
        if layer is None or failed or any(value is None for value in inputs):
            raise StopExpansion
        if len(self.builder.layers) >= MAX_LAYERS:
            self.note(path, f"more than {MAX_LAYERS} layers", context)
            raise SpecError(self.problems)
        declared = self.evaluate(raw.get("output_shape"), (*path, "output_shape"), context)
        try:
            value = self.builder.add(
                layer,
                name,
                [value for value in inputs if value is not None],
                self.evaluate(raw.get("parameters") or {}, (*path, "parameters"), context),
                tuple(declared) if declared is not None else None,
            )
        except ShapeError as error:
            self.note(path, str(error), context, key=True)
            raise StopExpansion from None
        self.values[name] = value
        return value

    def inputs_of(
        self, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
    ) -> list[Value | None]:
        """Give the values that a layer takes: those it names, or the current one."""
        if "inputs" not in raw:
            if current is None and self.first_is_open and not self.problems:
                self.note(
                    path,
                    "there are several inputs: name the ones to take in `inputs`",
                    context,
                    key=True,
                )
            return [current]
        names = self.evaluate(raw["inputs"], (*path, "inputs"), context)
        names = [names] if isinstance(names, str) else names
        return [self.find(name, (*path, "inputs"), context) for name in names]

    def find(self, name: Any, path: Path, context: Context) -> Value | None:
        """Find a value by name, from the innermost scope outwards."""
        for prefix in context.scopes():
            if prefix + str(name) in self.values:
                return self.values[prefix + str(name)]
        message = f"no input or earlier layer is called {name!r}{suggest(str(name), self.values)}"
        self.note(path, message, context)
        return None

    def block(
        self,
        type_: str,
        raw: Mapping[str, Any],
        path: Path,
        context: Context,
        current: Value | None,
    ) -> Value | None:
        """Expand a call of a block: its body sees the file's variables and its own arguments."""
        block = self.blocks[type_]
        name = self.name_of(raw, path, context)
        arguments = dict(block.get("args") or {})
        given: dict[str, object] = {}
        for key, value in raw.items():
            if key in ("name", "when", "inputs"):
                continue
            if key not in arguments:
                message = f"the block {type_!r} has no argument {key!r}{suggest(key, arguments)}"
                self.note((*path, key), message, context, key=True)
                raise StopExpansion
            given[key] = self.evaluate(value, (*path, key), context)
        for key, default in arguments.items():
            if key not in given:
                if default is None:
                    self.note(
                        path, f"the block {type_!r} needs the argument {key!r}", context, key=True
                    )
                    raise StopExpansion
                where: Path = ("blocks", type_, "args", key)
                given[key] = self.evaluate(default, where, Context(self.variables))
        inputs = self.inputs_of(raw, path, context, current)
        called = f"in block {type_!r}, called at {self.document.key_mark(path)}"
        inner = context.within(name).having({**self.variables, **given}, called)
        result = self.sequence(
            block.get("layers") or [], ("blocks", type_, "layers"), inner, inputs[0]
        )
        self.values[context.prefix + name] = result
        return result


def unknown(type_: object, blocks: Mapping[str, Any]) -> str:
    """Say that nothing has this name."""
    options = [*LAYERS, *STRUCTURES, *blocks]
    return f"no layer or block is called {type_!r}{suggest(str(type_), options)}"


def is_entry(value: object) -> bool:
    """Say whether a variable's value is a layer with its fields, as `{group_norm: {...}}` is."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((type_, fields),) = value.items()
    return isinstance(type_, str) and "$" not in type_ and isinstance(fields, dict)
