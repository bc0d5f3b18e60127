"""An exported program: its inputs, parameters and operators, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.network import Network, Weight
from graphgen.importers.overlaps import overlapping
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.torch.arrays import to_numpy
from graphgen.importers.torch.calls import called, plain, scope_of
from graphgen.importers.torch.changes import changed, check_unchanged, given_as
from graphgen.importers.torch.decomposing import in_known_operators, short_name
from graphgen.importers.torch.padding import without_padding
from graphgen.importers.torch.reading import Reading
from graphgen.importers.traced import Constant, Parameter, Traced
from spec.primitives import Shape

Arrays = Mapping[str, NDArray[Any]]

STATISTICS = {"batch_norm": (3, 4), "instance_norm": (3, 4)}
"""Which arguments of an operator are buffers that it has learned."""

PARTS_AS_VALUES, AS_VALUE = 1, 2
"""How a tensor is read whose parts in layers share numbers: these parts, or it, as values."""


@dataclass(frozen=True)
class Program:
    """What was exported, ready to be traced once for each place of the samples."""

    program: Any
    input_shapes: tuple[Shape, ...]
    input_nodes: tuple[str, ...]
    stored: Mapping[str, Traced]
    arrays: Arrays
    outputs: tuple[int, ...] | None = None
    padding: frozenset[int] = frozenset()

    def of_outputs(self, places: Sequence[int]) -> Program:
        """Give the program of these outputs alone: nothing else is read."""
        return replace(self, outputs=tuple(places))

    def without(self, padding: frozenset[int]) -> Program:
        """Give the program for ids of which none is one of these, which mark padding."""
        return replace(self, padding=padding)

    def _outputs(self) -> list[Any]:
        """Give the tensors that are meant."""
        given = given_as(self.program, "USER_OUTPUT")
        chosen = given if self.outputs is None else [given[place] for place in self.outputs]
        return [each for each in chosen if hasattr(each, "name")]

    def _needed(self, results: Sequence[Any]) -> list[Any]:
        """Give the operators that results depend on, in their order."""
        wanted = {node.name for node in results}
        needed = []
        for node in reversed(self.program.graph.nodes):
            if node.name in wanted and node.op == "call_function":
                needed.append(node)
                wanted.update(each.name for each in node.all_input_nodes)
        return needed[::-1]

    def trace(self, axes: tuple[int | None, ...], samples: int | None) -> Network:
        """Read the program with the samples along these axes of its inputs.

        Where layers would have parts of a tensor that share numbers, it is a learned value, of
        which they read their parts.
        """
        learned: dict[str, int] = {}
        while True:
            network = self._traced(axes, samples, learned)
            shared = overlapping(network)
            if not shared:
                return network
            for name in shared:
                learned[name] = learned.get(name, 0) + 1
                if learned[name] > AS_VALUE:
                    raise ImportRefusalError(
                        f"layers have parts of the tensor {name!r} that share numbers; expected "
                        "parts that do not, or all of it"
                    )

    def _traced(
        self, axes: tuple[int | None, ...], samples: int | None, learned: Mapping[str, int]
    ) -> Network:
        tracer = Reading("network", samples, self.program.state_dict, learned)
        tracer.padding = self.padding
        known = tracer.known
        known |= self.stored
        tracer.stored = dict(self.arrays)
        for node, x in self.stored.items():
            if isinstance(x, Parameter) and learned.get(x.name, 0) >= AS_VALUE:
                known[node] = tracer.value(x)
        for name, shape, axis in zip(self.input_nodes, self.input_shapes, axes, strict=True):
            known[name] = tracer.input(name, shape, axis)
        outputs = self._outputs()
        read = {each.name for node in self._needed(outputs) for each in node.all_input_nodes}
        again = {name: node for name, node in changed(self.program).items() if name in read}
        for node in self._needed([*outputs, *again.values()]):
            known[node.name] = called(tracer, node, known)
        check_unchanged(self.stored, known, again)
        if not outputs:
            raise ImportRefusalError("the model gives no tensor")
        tracer.source, tracer.scope = "the output", ""
        found = tracer.network([tracer.value(plain(tracer, known[each.name])) for each in outputs])
        return replace(found, origin=without_padding(tracer.assumed))


def read_program(program: Any, weights: Arrays | None = None) -> Program:
    """Give an exported program's inputs and what it has stored.

    Parameters come from `weights` by name where these are given, and need not be in memory in the
    program itself.
    """
    from torch.export.graph_signature import InputKind

    program = in_known_operators(program)
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    arrays: dict[str, NDArray[Any]] = {}
    tied = _tied(program.state_dict)
    names, shapes = [], []
    stored: dict[str, Traced] = {}
    for spec_ in program.graph_signature.input_specs:
        node = spec_.arg.name
        if spec_.kind == InputKind.USER_INPUT:
            value = nodes[node].meta.get("val")
            if hasattr(value, "shape"):
                names.append(node)
                shapes.append(tuple(int(n) for n in value.shape))
        elif spec_.kind in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
            if not nodes[node].users:
                continue
            array = _array(program, spec_.target, weights)
            learned = spec_.kind == InputKind.PARAMETER or _is_statistic(nodes[node])
            aliases = tied.get(spec_.target, [])
            name = _name_where_used(nodes[node], spec_.target, aliases)
            if not learned:
                stored[node] = Constant(array, name)
                continue
            arrays |= dict.fromkeys([name, *aliases], array)
            stored[node] = _owned(name, array, stored)
        elif spec_.kind != InputKind.TOKEN and nodes[node].users:
            raise ImportRefusalError(
                f"the model has {spec_.target!r} of the kind {spec_.kind.name}; expected tensors"
            )
    arrays |= _rest(program, arrays, weights)
    return Program(program, tuple(shapes), tuple(names), stored, arrays)


def _rest(program: Any, arrays: Arrays, weights: Arrays | None) -> dict[str, NDArray[Any]]:
    """Give what a file of the model holds besides its parameters, such as persistent buffers."""
    found = {name: to_numpy(x) for name, x in program.state_dict.items() if not _is_empty(x)}
    if weights is not None:
        found |= {name: weights[name] for name in program.state_dict if name in weights}
    return {name: array for name, array in found.items() if name not in arrays}


def _tied(tensors: Mapping[str, Any]) -> dict[str, list[str]]:
    """Give for each tensor all names that it has."""
    groups: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        groups.setdefault(id(tensor), []).append(name)
    return {name: names for names in groups.values() for name in names}


def _name_where_used(placeholder: Any, target: str, names: list[str]) -> str:
    """Give the name that a tensor has in the module that reads it first."""
    scope = scope_of(next(iter(placeholder.users)))
    own = [name for name in names if name.rpartition(".")[0] == scope]
    return own[0] if own else target


def _owned(name: str, array: NDArray[Any], stored: Mapping[str, Traced]) -> Parameter:
    """Give a parameter; one that lies in another one's memory is a view of that one."""
    for other in stored.values():
        if isinstance(other, Parameter) and np.may_share_memory(array, other.array):
            same = Weight(name, array).place == Weight(name, other.array).place
            return Parameter(name if same else other.name, array)
    return Parameter(name, array)


def _array(program: Any, name: str, weights: Arrays | None) -> NDArray[Any]:
    if weights is not None and name in weights:
        return weights[name]
    tensor = program.state_dict.get(name)
    tensor = program.constants.get(name) if tensor is None else tensor
    if tensor is None or _is_empty(tensor):
        given = "" if weights is None else f"; the weights that were given have no {name!r}"
        raise ImportRefusalError(
            f"the tensor {name!r} of the model holds no numbers{given}; expected a module whose "
            "tensors are in memory, or weights with all of them"
        )
    return to_numpy(tensor)


def _is_empty(tensor: Any) -> bool:
    """Whether a tensor has a shape and no numbers."""
    return bool(tensor.is_meta) or type(tensor).__name__ == "FakeTensor"


def _is_statistic(placeholder: Any) -> bool:
    """Whether a buffer is read as running statistics and no otherwise."""
    return all(
        any(
            place < len(user.args) and user.args[place] is placeholder
            for place in STATISTICS.get(short_name(user), ())
        )
        for user in placeholder.users
    )


__all__ = ["Program", "read_program"]
