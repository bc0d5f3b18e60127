"""What a description has and does not use: errors where something is lost, else warnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spec.architecture import Architecture
from spec.calls import input_names
from spec.collect import note_uncollected
from spec.context import Path
from spec.errors import quoted
from spec.expression_syntax import ExpressionError
from spec.expressions import references
from spec.inputs import entries
from spec.json_schema import CALL_FIELDS
from spec.written import Written, entries_written, strings

if TYPE_CHECKING:
    from spec.expand import Expander


def note_unused(expander: Expander, net: Architecture, overrides: Mapping[str, object]) -> None:
    """Note values that nothing reads as problems; variables, arguments and blocks as warnings."""
    data = expander.document.data
    bodies = {
        name: [*entries_written(block["layers"], ("blocks", name, "layers"))]
        for name, block in expander.blocks.items()
    }
    layers = [*entries_written(data["layers"], ("layers",))]
    _note_values(expander, net)
    note_uncollected(expander)
    _note_computed_indices(expander, net)
    _note_counted_indices(expander, net)
    _note_block_inputs(expander, bodies)
    if expander.problems:
        return
    called = _called(expander.blocks, layers, bodies)
    for name in bodies:
        if name not in called:
            _warn(expander, ("blocks", name), f"the block {quoted(name)} is not called")
    used = _names(layers)
    for section in ("vars", "inputs", "outputs", "checkpoint"):
        used |= _referred(strings(data.get(section), (section,)))
    used |= _referred(strings(dict(overrides), ("vars",)))
    for name, body in bodies.items():
        arguments = expander.blocks[name].get("args") or {}
        names = _names(body)
        used |= names - arguments.keys()
        above: set[str] = set()
        for argument, default in arguments.items():
            needed = _referred(strings(default, ("blocks", name, "args", argument)))
            names |= needed & above
            used |= needed - above
            above.add(argument)
        for argument in arguments:
            if argument not in names:
                message = f"no layer of the block uses its argument {quoted(argument)}"
                _warn(expander, ("blocks", name, "args", argument), message)
    for name in data.get("vars") or {}:
        if name not in used:
            _warn(expander, ("vars", name), f"the variable {quoted(name)} is not used")


def _note_values(expander: Expander, net: Architecture) -> None:
    """Note the layers whose value, and the inputs that, neither a layer nor an output takes."""
    read = {name for layer in net.layers for name in layer.inputs} | {*net.outputs}
    for layer in net.layers:
        if read.isdisjoint((layer.output, *layer.further)):
            path, context = expander.layer_places[layer.name]
            message = (
                f"nothing reads what this `{layer.type}` gives, and it is no output: leave it out, "
                "or name it in `inputs` or `outputs`"
            )
            expander.note(path, message, context, key=True)
    for path, name, _ in entries(expander.document.data["inputs"]):
        if name not in read:
            message = f"no layer reads the input {quoted(name)}: leave it out, or use it"
            expander.note(path, message, key=True)


def _note_computed_indices(expander: Expander, net: Architecture) -> None:
    """Note the layers that look up rows of a table by what is computed: numbers are no indices."""
    for name in net.computed_indices:
        path, context = expander.layer_places[name]
        message = (
            "it looks up rows of a table by a value that is computed: give it an input that holds "
            "whole numbers, reshaped, split or put side by side at most, or write `one_hot` of "
            "what is computed and a `linear` map of that"
        )
        expander.note(path, message, context, key=True)


def _note_counted_indices(expander: Expander, net: Architecture) -> None:
    """Note what takes the indices that an input holds for numbers, which have another type."""
    for layer, name in net.counted_indices:
        told = f"{quoted(name)} holds indices into a table, and"
        if layer:
            path, context = expander.layer_places[layer]
            message = f"{told} this takes them for numbers: give the numbers as another input"
            expander.note(path, message, context, key=True)
        else:
            expander.note(("outputs",), f"{told} is no output: leave it out")


def _note_block_inputs(expander: Expander, bodies: Mapping[str, list[Written]]) -> None:
    """Note the inputs of blocks that take several which no layer of the block names."""
    for name, body in bodies.items():
        inputs = input_names(expander.blocks[name])
        if len(inputs) < 2:
            continue
        named = {
            text for entry in body for _, text in strings(entry.fields.get("inputs"), entry.path)
        }
        if any("$" in text for text in named):
            continue
        for place, local in enumerate(inputs):
            if local not in named:
                message = f"no layer of the block {quoted(name)} reads its input {quoted(local)}"
                expander.note(("blocks", name, "inputs", place), message)


def _called(
    blocks: Mapping[str, Any], layers: list[Written], bodies: Mapping[str, list[Written]]
) -> set[str]:
    """Give the blocks that some call may mean; a call by a variable, all that take its fields."""
    called: set[str] = set()
    bodies_left = [layers]
    while bodies_left:
        for entry in bodies_left.pop():
            for name in _meant(blocks, entry):
                if name not in called:
                    called.add(name)
                    bodies_left.append(bodies[name])
    return called


def _meant(blocks: Mapping[str, Any], entry: Written) -> Iterator[str]:
    if "$" not in entry.type:
        if entry.type in blocks:
            yield entry.type
        return
    given = entry.fields.keys() - {*CALL_FIELDS}
    for name, block in blocks.items():
        arguments = block.get("args") or {}
        required = {key for key, default in arguments.items() if default is None}
        if required <= given <= arguments.keys():
            yield name


def _names(body: list[Written]) -> set[str]:
    """Give the variables that entries refer to, without the indices around them."""
    found: set[str] = set()
    for entry in body:
        found |= _referred(entry.strings()) - entry.indices
    return found


def _referred(texts: Iterator[tuple[Path, str]]) -> set[str]:
    found: set[str] = set()
    for _, text in texts:
        if "$" in text:
            try:
                found |= references(text)
            except ExpressionError:  # of a variable that holds text: what it is for is not known
                continue
    return found


def _warn(expander: Expander, path: Path, message: str) -> None:
    expander.warnings.append(expander.document.problem(path, message, key=True))
