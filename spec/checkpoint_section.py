"""The section `checkpoint` of a description: read, and spelled out for each tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spec.architecture import TensorSpec
from spec.checkpoint import SAME, CheckpointMap, Stored
from spec.checkpoint_schema import checkpoint_schema, rule_schema
from spec.context import Context, Path, StopExpansion
from spec.errors import quoted
from spec.name_patterns import NamePattern
from spec.primitives import Shape, ShapeError
from spec.rearrangement import rearrangement
from spec.schema_problems import value_problems

if TYPE_CHECKING:
    from spec.expand import Expander

MATCH_STEPS = 1
Tensors = Mapping[str, TensorSpec]
Placed = dict[str, tuple[Path, Stored]]


def checkpoint_maps(
    expander: Expander, section: Any, context: Context, tensors: Tensors
) -> tuple[CheckpointMap, ...]:
    """Give what a description says of checkpoints, for the tensors that it turned out to have."""
    if isinstance(section, dict):
        return (_map(expander, section, ("checkpoint",), context, tensors),)
    return tuple(
        _map(expander, one, ("checkpoint", place), context, tensors)
        for place, one in enumerate(section if isinstance(section, list) else ())
        if isinstance(one, dict)
    )


def _map(
    expander: Expander, section: dict[str, Any], at: Path, context: Context, tensors: Tensors
) -> CheckpointMap:
    """Read one map: a tensor is as the first rule says whose pattern it has, packed ones first.

    Problems are noted, and rules that no tensor has are warned of.
    """
    rest = {key: value for key, value in section.items() if key not in RULES}
    try:
        data = _evaluated(expander, rest, at, context, checkpoint_schema(expressions=False))
    except StopExpansion:
        return CheckpointMap()
    placed: Placed = {}
    for kind in RULES:
        for pattern, raw in (section.get(kind) or {}).items():
            where: Path = (*at, kind, pattern)
            expander.spend(len(tensors) * MATCH_STEPS, where)
            try:
                _place(expander, kind, pattern, raw, where, context, tensors, placed)
            except ShapeError as error:
                expander.note(where, str(error), key=True)
            except StopExpansion:
                continue
    _check_names(expander, tensors, placed)
    _check_told_apart(expander, tensors, placed)
    unread = data.get("unread", [])
    entries = {id(placed[name][1]): placed[name][1] for name in tensors if name in placed}
    return CheckpointMap(
        data.get("section"),
        data.get("prefix", ""),
        tuple(entries.values()),
        tuple([unread] if isinstance(unread, str) else unread),
    )


def _place(
    expander: Expander,
    kind: str,
    pattern: str,
    raw: Any,
    where: Path,
    context: Context,
    tensors: Tensors,
    placed: Placed,
) -> None:
    """Apply one rule to the tensors that are left to it."""
    fields = _evaluated(expander, raw, where, context, rule_schema(kind, expressions=False))
    if isinstance(fields, dict) and not fields.get("when", True):
        return
    found = [*RULES[kind](pattern, fields, tensors, placed)]
    if not found:
        message = f"no tensor has a name like {quoted(pattern)} that is left to this rule"
        if "$" in pattern:
            message += "; expressions stand in values, not in patterns"
        expander.warnings.append(expander.document.problem(where, message, key=True))
    for entry in found:
        for name in entry.tensors:
            if name in placed:
                raise ShapeError(f"{quoted(name)} is in another stored tensor already")
            placed[name] = (where, entry)


def _evaluated(
    expander: Expander,
    raw: Any,
    where: Path,
    context: Context,
    schema: dict[str, Any],
) -> Any:
    """Evaluate a value, and check it again for what its expressions gave."""
    value = expander.evaluate(raw, where, context)
    for message in value_problems(value, schema):
        expander.note(where, message, key=True)
        raise StopExpansion
    return value


def _tensors(pattern: str, fields: Any, tensors: Tensors, placed: Placed) -> Iterator[Stored]:
    """Spell out a rule on tensors of the architecture: how each is stored."""
    if not isinstance(fields, dict):
        fields = {"stored": fields}
    own = NamePattern(pattern)
    stored = _names(fields.get("stored", pattern))
    also = _names(fields.get("also", []))
    _check_wildcards(own, [*stored, *also])
    if also and len(stored) > 1:
        raise ShapeError("`also` names one stored tensor otherwise, but `stored` has several")
    for name, tensor in tensors.items():
        parts = own.match(name) if name not in placed else None
        if parts is None:
            continue
        dim = _dim(fields, tensor.shape)
        pieces = _pieces(fields, name, tensor.shape, len(stored), dim)
        yield _entry(
            fields,
            tuple(text.fill(parts) for text in stored),
            (name,),
            pieces,
            pieces,
            dim,
            tuple(text.fill(parts) for text in also),
        )


def _packed(pattern: str, fields: Any, tensors: Tensors, placed: Placed) -> Iterator[Stored]:
    """Spell out a rule on stored tensors: which tensors each packs."""
    if not isinstance(fields, dict):
        fields = {"parts": fields}
    stored = NamePattern(pattern)
    parts = _names(fields["parts"])
    also = _names(fields.get("also", []))
    _check_wildcards(parts[0], [stored, *also, *parts[1:]])
    for first in tensors:
        found = parts[0].match(first) if first not in placed else None
        if found is None:
            continue
        names = [text.fill(found) for text in parts]
        for name in names:
            if name not in tensors:
                raise ShapeError(f"there is no tensor {quoted(name)} to be packed in it")
        shapes = tuple(tensors[name].shape for name in names)
        dim = _dim(fields, shapes[0])
        if len({(*shape[:dim], *shape[dim + 1 :]) for shape in shapes}) > 1:
            listed = ", ".join(f"{list(shape)}" for shape in shapes)
            raise ShapeError(f"its parts differ in more than axis {dim}: their shapes are {listed}")
        whole = list(shapes[0])
        whole[dim] = sum(shape[dim] for shape in shapes)
        yield _entry(
            fields,
            (stored.fill(found),),
            tuple(names),
            (tuple(whole),),
            shapes,
            dim,
            tuple(text.fill(found) for text in also),
        )


def _entry(
    fields: Mapping[str, Any],
    names: tuple[str, ...],
    tensors: tuple[str, ...],
    arranged: tuple[Shape, ...],
    pieces: tuple[Shape, ...],
    dim: int,
    also: tuple[str, ...],
) -> Stored:
    text = fields.get("axes")
    sizes = fields.get("sizes", {})
    if text in (None, SAME):
        return Stored(names, tensors, arranged, pieces, (), dim, also, text is not None)
    axes = tuple(rearrangement(text, shape, sizes) for shape in arranged)
    shapes = tuple(each.stored_shape for each in axes)
    return Stored(names, tensors, shapes, pieces, axes, dim, also, True)


def _pieces(
    fields: Mapping[str, Any], name: str, shape: Shape, count: int, dim: int
) -> tuple[Shape, ...]:
    """Give the shapes of the pieces that a tensor is stored in, equal ones by default."""
    if count == 1:
        return (shape,)
    lengths = fields.get("lengths") or [shape[dim] // count] * count
    if len(lengths) != count or sum(lengths) != shape[dim]:
        raise ShapeError(
            f"axis {dim} of {quoted(name)}, of shape {list(shape)}, does not consist of "
            f"{count} pieces of the lengths {', '.join(map(str, lengths))}"
        )
    return tuple((*shape[:dim], length, *shape[dim + 1 :]) for length in lengths)


def _dim(fields: Mapping[str, Any], shape: Shape) -> int:
    dim: int = fields.get("dim", 0)
    if not -len(shape) <= dim < max(len(shape), 1):
        raise ShapeError(f"`dim` is {dim}, but the tensor has the shape {list(shape)}")
    return dim % len(shape) if shape else 0


def _names(value: Any) -> list[NamePattern]:
    return [NamePattern(text) for text in ([value] if isinstance(value, str) else value)]


def _check_wildcards(leading: NamePattern, others: list[NamePattern]) -> None:
    for other in others:
        if other.wildcards and other.wildcards != leading.wildcards:
            raise ShapeError(
                f"{quoted(other.text)} has other wildcards than {quoted(leading.text)}: each takes "
                "what the one in its place stands for"
            )


def _check_names(expander: Expander, tensors: Tensors, placed: Placed) -> None:
    """Note stored names that two tensors would have."""
    taken = {name: name for name in tensors if name not in placed}
    entries = {id(entry): (where, entry) for where, entry in placed.values()}
    for where, entry in entries.values():
        for name in (*entry.names, *entry.also):
            owner = entry.tensors[0]
            if name in taken:
                message = f"{quoted(taken[name])} and {quoted(owner)} would both be {quoted(name)}"
                advice = "say `packed` of a tensor that holds several"
                expander.note(where, f"{message} in a checkpoint; {advice}", key=True)
            taken.setdefault(name, owner)


def _check_told_apart(expander: Expander, tensors: Tensors, placed: Placed) -> None:
    """Note a layout that has the architecture's own names and shapes, but otherwise."""
    stored = {name: tensor.shape for name, tensor in tensors.items() if name not in placed}
    moved = None
    for where, entry in placed.values():
        stored |= dict(zip(entry.names, entry.shapes, strict=True))
        if entry.moved or entry.names != entry.tensors:
            moved = moved or where
    if moved is not None and stored == {name: t.shape for name, t in tensors.items()}:
        message = (
            "nothing would tell this layout from the architecture's own, which has the same names "
            "and shapes: name the tensor otherwise there, and give this name as `stored`"
        )
        expander.note(moved, message, key=True)


RULES = {"packed": _packed, "tensors": _tensors}
"""The kinds of rules, in the order in which they claim tensors."""
