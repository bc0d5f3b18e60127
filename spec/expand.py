"""Expansion: from the authored form, with its variables and blocks, to flat named layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from spec.architecture import Architecture
from spec.builder import Builder
from spec.calls import call
from spec.context import Context, Path, StopExpansion
from spec.declarations import bind_variables, input_shapes, output_values
from spec.errors import Problem, SpecError, quoted
from spec.expression_syntax import ExpressionError
from spec.expressions import Work, substitute
from spec.layer import LAYERS, Value
from spec.layer_entry import expand_layer
from spec.schema_problems import entry_problems
from spec.structures import STRUCTURES
from spec.suggestions import suggest
from spec.unused import note_unused
from spec.unvisited import note_unvisited
from spec.yaml_reader import Document

MAX_DEPTH = 32
MAX_NAME = 1_000
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
        self.block_inputs: set[str] = set()
        self.layer_places: dict[str, tuple[Path, Context]] = {}
        self.variables: dict[str, object] = {}
        self.blocks: Mapping[str, Any] = mapping(document.data.get("blocks"))
        self.known_entries: list[object] = []
        self.work = Work()

    def run(self, overrides: Mapping[str, object]) -> Architecture:
        """Expand everything; problems found before are reported with those found here."""
        data = self.document.data
        bind_variables(self, mapping(data.get("vars")), overrides)
        context = Context(self.variables)
        inputs = input_shapes(self, data.get("inputs"), context)
        context = Context(self.variables, several=len(inputs) > 1)
        self.builder = Builder(inputs)
        self.values |= {name: Value(name, shape) for name, shape in inputs.items()}
        first = self.values[next(iter(inputs))] if len(inputs) == 1 else None
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
        net = self.builder.finish(name, outputs)
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
        try:
            return substitute(value, context.variables, self.work)
        except ExpressionError as error:
            self.note(path, str(error), context)
            raise StopExpansion from None

    def sequence(
        self, items: Any, path: Path, context: Context, current: Value | None
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
            try:
                current = self.item(item, (*path, position), context, current)
            except StopExpansion:
                current = None
        return current

    def item(self, item: Any, path: Path, context: Context, current: Value | None) -> Value | None:
        """Expand one entry of a list of layers."""
        self.spend(ENTRY_STEPS, path, context)
        written, raw, inner = parts(item, path)
        type_ = self.evaluate(written, inner, context)
        if not self.is_on(raw, inner, context):
            return current
        if is_entry(type_) and not raw:
            self.check_entry(type_, inner, context)
            return self.item(type_, path, context, current)
        if not isinstance(type_, str):
            expected = "expected a layer: its type, or a mapping of its type to its fields"
            self.note(inner, f"{expected}; got {quoted(type_)}", context)
            raise StopExpansion
        if type_ in STRUCTURES:
            return STRUCTURES[type_](self, raw, inner, context, current)
        if type_ in self.blocks:
            self.spend(CALL_STEPS, path, context)
            return call(self, type_, raw, inner, context, current)
        if type_ not in LAYERS:
            self.note(inner, unknown(type_, self.blocks), context, key=True)
            raise StopExpansion
        return expand_layer(self, LAYERS[type_], raw, inner, context, current)

    def is_on(self, raw: Mapping[str, Any], path: Path, context: Context) -> bool:
        """Say whether an entry is to be expanded."""
        on = self.evaluate(raw.get("when", True), (*path, "when"), context)
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

    def name_of(self, raw: Mapping[str, Any], path: Path, context: Context) -> str:
        """Give an entry's own name, or its number in the list."""
        number = context.counter.take()
        if "name" not in raw:
            return number
        where: Path = (*path, "name")
        name = self.evaluate(raw["name"], where, context)
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            self.note(where, f"`name`: expected a name, got {quoted(name)}", context)
            raise StopExpansion
        full = f"{context.prefix}{name}"
        if len(full) > MAX_NAME:
            self.note(where, f"a name has at most {MAX_NAME:,} characters", context)
            raise StopExpansion
        if full in self.block_inputs:
            self.note(where, f"{quoted(name)} is an input of the block: take another name", context)
            raise StopExpansion
        return str(name)

    @contextmanager
    def known_as(self, name: str) -> Iterator[None]:
        """Leave the value of this name unknown where its expansion stops."""
        try:
            yield
        except StopExpansion:
            self.values[name] = None
            raise

    def inputs_of(
        self, raw: Mapping[str, Any], path: Path, context: Context, current: Value | None
    ) -> list[Value | None]:
        """Give the values that an entry takes: those it names, or the current one."""
        if "inputs" not in raw:
            if current is None and context.several and not self.problems:
                several = "there are several inputs: name the ones to take in `inputs`"
                self.note(path, several, context, key=True)
            return [current]
        where: Path = (*path, "inputs")
        names = self.evaluate(raw["inputs"], where, context)
        names = names if isinstance(names, list) else [names]
        return [self.find(name, where, context) for name in names]

    def one_input(
        self, type_: str, raw: Mapping[str, Any], path: Path, context: Context, now: Value | None
    ) -> Value | None:
        """Give the one value that a structure or a block without named inputs takes."""
        values = self.inputs_of(raw, path, context, now)
        if len(values) != 1:
            message = f"{type_} takes one input, got {len(values)}"
            self.note((*path, "inputs"), message, context)
            raise StopExpansion
        return values[0]

    def find(self, name: Any, path: Path, context: Context) -> Value | None:
        """Find a value by name, from the innermost scope outwards."""
        if isinstance(name, bool) or not isinstance(name, str | int):
            self.note(path, f"expected the name of a value, got {quoted(name)}", context)
            return None
        for prefix in context.scopes():
            self.spend(1, path, context)
            if f"{prefix}{name}" in self.values:
                return self.values[f"{prefix}{name}"]
        hint = suggest(str(name), self.values)
        self.note(path, f"no input or earlier layer is called {quoted(str(name))}{hint}", context)
        return None


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
    return f"no layer or block is called {quoted(type_)}{suggest(str(type_), options)}"


def is_entry(value: object) -> bool:
    """Say whether a variable's value is a layer with its fields, as `{group_norm: {...}}` is."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((type_, fields),) = value.items()
    return isinstance(type_, str) and "$" not in type_ and isinstance(fields, dict)
