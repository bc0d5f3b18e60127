"""An exported program: its inputs, parameters and operators, one after the other."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphgen.importers.network import Network
from graphgen.importers.torch.operators import OPERATORS
from graphgen.importers.traced import Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer
from spec.primitives import Shape


@dataclass(frozen=True)
class Program:
    """What was exported, ready to be traced once for each place of the samples."""

    program: Any
    input_shapes: tuple[Shape, ...]
    input_nodes: tuple[str, ...]
    stored: Mapping[str, Traced]

    def trace(self, axes: tuple[int | None, ...], samples: int | None) -> Network:
        """Read the program with the samples along these axes of its inputs."""
        tracer = Tracer("network", samples)
        known: dict[str, Any] = dict(self.stored)
        tracer.stored = {x.name: x.array for x in self.stored.values() if isinstance(x, Parameter)}
        for name, shape, axis in zip(self.input_nodes, self.input_shapes, axes, strict=True):
            known[name] = tracer.input(name, shape, axis)
        outputs: list[Any] = []
        for node in self.program.graph.nodes:
            if node.op == "call_function":
                known[node.name] = _called(tracer, node, known)
            elif node.op == "output":
                outputs = [known[each.name] for each in node.args[0] if each is not None]
        return tracer.network([tracer.value(x) for x in outputs])


def read_program(program: Any) -> Program:
    """Give an exported program's inputs and what it has stored."""
    from torch.export.graph_signature import InputKind

    metas = {n.name: n.meta.get("val") for n in program.graph.nodes if n.op == "placeholder"}
    names, shapes = [], []
    stored: dict[str, Traced] = {}
    for spec_ in program.graph_signature.input_specs:
        node = spec_.arg.name
        if spec_.kind == InputKind.USER_INPUT:
            names.append(node)
            shapes.append(tuple(int(n) for n in metas[node].shape))
        elif spec_.kind == InputKind.PARAMETER:
            tensor = program.state_dict[spec_.target].detach()
            stored[node] = Parameter(spec_.target, tensor.numpy())
        else:
            tensors = {**program.constants, **program.state_dict}
            stored[node] = Constant(tensors[spec_.target].detach().numpy())
    return Program(program, tuple(shapes), tuple(names), stored)


def _called(tracer: Tracer, node: Any, known: Mapping[str, Any]) -> Any:
    arguments, named = _resolved(node.args, known), _resolved(dict(node.kwargs), known)
    if node.target is operator.getitem:
        return arguments[0][arguments[1]]
    tracer.source = str(node.target)
    tracer.scope = _scope(node)
    short = node.target._schema.name.split("::")[1]
    if short not in OPERATORS:
        tracer.refuse("the importer does not know this operator")
    return OPERATORS[short](tracer, *arguments, **named)


def _scope(node: Any) -> str:
    stack = node.meta.get("nn_module_stack") or {}
    return next(reversed([path for path, _ in stack.values()]), "") if stack else ""


def _resolved(argument: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(argument, (list, tuple)):
        return type(argument)(_resolved(each, known) for each in argument)
    if isinstance(argument, dict):
        return {key: _resolved(each, known) for key, each in argument.items()}
    return known[argument.name] if type(argument).__name__ == "Node" else argument


__all__ = ["Program", "Value", "read_program"]
