"""Expansion: from the authored form, with its variables and blocks, to flat named layers."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from spec.architecture import Architecture
from spec.builder import Builder
from spec.calls import call
from spec.checkpoint_section import checkpoint_maps
from spec.collect import Collection
from spec.context import Context, Path, StopExpansion
from spec.declarations import bind_variables, input_shapes, note_index_axes, output_values
from spec.errors import Problem, SpecError, quoted
from spec.expression_syntax import SHAPE, ExpressionError
from spec.expression_values import SHAPES, Work
from spec.expressions import substitute
from spec.layer import LAYERS, Value
from spec.layer_entry import expand_layer
from spec.lookup import shape_of
from spec.schema_problems import entry_marks, entry_problems
from spec.sharing import Sharing, must_share, sharing
from spec.structures import NEEDED, STRUCTURES
from spec.suggestions import suggest_layer
from spec.unused import note_unused
from spec.unvisited import note_unvisited
from spec.yaml_reader import Document

MAX_DEPTH = 32
MAX_STEPS = 2_000_000
ENTRY_STEPS = 20
LIST_STEPS = 15
CALL_STEPS = 20
NOTE_STEPS = 100

Structure = Callable[["Expander", Mapping[str, Any], Path, Context, Value | None], Value | None]


class Expander:
    """Walks one document; `run` gives its architecture or raises a `SpecError` with all problems.

    After a layer that could not be expanded the value is unknown (None), and what follows is
    checked as far as it can be without shapes. What is visited and evaluated is counted, a step
    for about a microsecond, so that no description takes long.
    """

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.document = document
        self.problems = problems
        self.warnings: list[Problem] = []
        self.places = {problem.mark for problem in problems}
        self.seen = {(problem.mark, problem.message) for problem in problems}
        self.values: dict[str, Value | None] = {}
        self.reserved: dict[str, str] = {}
        self.collections: dict[str, Collection] = {}
        self.layer_places: dict[str, tuple[Path, Context]] = {}
        self.variables: dict[str, object] = {}
        self.blocks: Mapping[str, Any] = mapping(document.data.get("blocks"))
        self.known_entries: list[object] = []
        self.sharing = Sharing()
        self.left_out = False
        self.work = Work()

    def run(self, overrides: Mapping[str, object]) -> Architecture:
        """Expand everything; problems found before are reported with those found here."""
        data = self.document.data
        bind_variables(self, mapping(data.get("vars")), overrides)
        context = Context(self.variables)
        inputs, axes = input_shapes(self, data.get("inputs"), context)
        self.builder = Builder(inputs, axes)
        self.values |= {name: Value(name, shape) for name, shape in inputs.items()}
        values = [self.values[name] for name in inputs]
        context = Context(self.variables, several=len(values) > 1, first=next(iter(values), None))
        first = values[0] if len(values) == 1 else None
        try:
            last = self.sequence(data.get("layers"), ("layers",), context, first)
            outputs = output_values(self, data.get("outputs"), context, last)
        except StopExpansion:
            outputs = []
        note_unvisited(self)
        if not self.problems and not outputs:
            self.note(("layers",), "no layer gives a value")
        if self.problems:
            raise SpecError(self.problems)
        name = data.get("name", "network")
        stored = checkpoint_maps(self, data.get("checkpoint"), context, self.builder.tensors)
        if self.problems:
            raise SpecError(self.problems)
        net = self.builder.finish(name, outputs, stored)
        note_index_axes(self, net)
        note_unused(self, net, overrides)
        if self.problems:
            raise SpecError(self.problems)
        return net

    def note(
        self, path: Path, message: str, context: Context | None = None, key: bool = False
    ) -> None:
        """Note a problem once: not where the schema found one, nor again in a loop or a block."""
        self.spend(NOTE_STEPS, path, context)
        trail = tuple(reversed(context.trail)) if context else ()
        problem = self.document.problem(path, message, key=key, trail=trail)
        known = problem.mark is not None and problem.mark in self.places
        if not key and self.places and not known:
            known = any(mark in self.places for mark in entry_marks(self.document, path))
        if not known and (problem.mark, problem.message) not in self.seen:
            self.seen.add((problem.mark, problem.message))
            self.problems.append(problem)
            SpecError.stop_at_limit(self.problems)

    def spend(self, steps: int, path: Path, context: Context | None = None) -> None:
        """Count steps of the expansion, and stop where they are too many."""
        self.work.steps += steps
        if self.work.steps > MAX_STEPS:
            self.work.steps = 0
            message = "expanding this description takes too long: repeat less, call fewer blocks"
            self.note(path, message, context)
            raise SpecError(self.problems)

    def evaluate(self, value: Any, path: Path, context: Context) -> Any:
        """Substitute variables anywhere inside a value."""
        self.spend(1, path, context)
        if isinstance(value, list):
            return [self.evaluate(item, (*path, i), context) for i, item in enumerate(value)]
        if isinstance(value, dict):
            return {k: self.evaluate(item, (*path, k), context) for k, item in value.items()}
        variables = context.variables
        if isinstance(value, str) and SHAPE in value and path[0] not in ("vars", "inputs"):
            known: dict[str, Any] = {SHAPES: partial(shape_of, self, path, context)}
            variables = ChainMap(known, variables)  # type: ignore[arg-type]
        try:
            return substitute(value, variables, self.work)
        except ExpressionError as error:
            self.note(path, str(error), context)
            raise StopExpansion from None

    def sequence(
        self,
        items: Any,
        path: Path,
        context: Context,
        current: Value | None,
        collect: Collection | None = None,
    ) -> Value | None:
        """Expand a list of layers, each on the output of the one before it."""
        if not isinstance(items, list):
            raise StopExpansion  # the schema has said so
        if context.depth > MAX_DEPTH:
            self.note(
                path, f"blocks are nested deeper than {MAX_DEPTH}: does one call itself?", context
            )
            raise SpecError(self.problems)
        self.spend(LIST_STEPS, path, context)
        for position, item in enumerate(items):
            self.left_out = False
            try:
                current = self.item(item, (*path, position), context, current)
            except StopExpansion:
                current = None
            if collect is not None and not self.left_out:
                collect.add(current)
        self.left_out = False
        return current

    def item(self, item: Any, path: Path, context: Context, current: Value | None) -> Value | None:
        """Expand one entry of a list of layers."""
        self.spend(ENTRY_STEPS, path, context)
        context = context.on(current)
        written, raw, inner = parts(item, path)
        type_ = self.evaluate(written, inner, context)
        if not self.is_on(raw, inner, context):
            self.left_out = True
            return current
        if is_entry(type_) and not raw:
            self.check_entry(type_, inner, context)
            return self.item(type_, path, context, current)
        if not isinstance(type_, str):
            expected = "expected a layer: its type, or a mapping of its type to its fields"
            self.note(inner, f"{expected}; got {quoted(type_)}", context)
            raise StopExpansion
        before = self.sharing.shared
        if type_ != "repeat":
            context = sharing(self, type_, raw, inner, context)
        value = self.typed(type_, raw, inner, context, current)
        if type_ != "repeat":
            must_share(self, raw, inner, context, before)
        return value

    def typed(
        self,
        type_: str,
        raw: Mapping[str, Any],
        path: Path,
        context: Context,
        current: Value | None,
    ) -> Value | None:
        """Expand one entry of a type."""
        if type_ in STRUCTURES:
            for field in NEEDED[type_]:
                if field not in raw:
                    self.note(path, f"`{type_}` needs the field `{field}`", context, key=True)
                    raise StopExpansion
            return STRUCTURES[type_](self, raw, path, context, current)
        if type_ in self.blocks:
            self.spend(CALL_STEPS, path, context)
            return call(self, type_, raw, path, context, current)
        if type_ not in LAYERS:
            self.note(path, unknown(type_, self.blocks), context, key=True)
            raise StopExpansion
        return expand_layer(self, LAYERS[type_], raw, path, context, current)

    def is_on(self, raw: Mapping[str, Any], path: Path, context: Context) -> bool:
        """Say whether an entry is to be expanded."""
        on = self.evaluate(raw.get("when"), (*path, "when"), context)
        on = True if on is None else on
        if not isinstance(on, bool):
            message = f"`when`: expected true or false, got {quoted(on)}"
            self.note((*path, "when"), message, context)
            raise StopExpansion
        return on

    def check_entry(self, entry: Any, path: Path, context: Context) -> None:
        """Check an entry that a variable holds, which the schema of the document has not seen."""
        if any(entry is known for known in self.known_entries):
            return
        for message in entry_problems(entry):
            self.note(path, message, context)
            raise StopExpansion
        self.known_entries.append(entry)


def parts(item: Any, path: Path) -> tuple[str, Mapping[str, Any], Path]:
    """Take an entry apart: what is written as its type, its fields, and the place of these."""
    if isinstance(item, str):
        return item, {}, path
    if isinstance(item, dict) and len(item) == 1:
        written, raw = next(iter(item.items()))
        if raw is None or isinstance(raw, dict):
            return written, raw or {}, (*path, written)
    raise StopExpansion  # the schema has said so


def mapping(value: Any) -> Mapping[str, Any]:
    """Give a mapping, or an empty one for what the schema has refused."""
    return value if isinstance(value, dict) else {}


def unknown(type_: object, blocks: Mapping[str, Any]) -> str:
    """Say that nothing has this name."""
    options = [*LAYERS, *STRUCTURES, *blocks]
    return f"no layer or block is called {quoted(type_)}{suggest_layer(str(type_), options)}"


def is_entry(value: object) -> bool:
    """Say whether a variable's value is a layer with its fields, as `{group_norm: {...}}` is."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((type_, fields),) = value.items()
    return isinstance(type_, str) and "$" not in type_ and isinstance(fields, dict)
