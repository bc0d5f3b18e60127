"""Programs without writing into values, whose operators are those that the importer knows."""

from __future__ import annotations

from typing import Any

from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.torch.operators import OPERATORS
from graphgen.importers.torch.quiet import quiet

MOST_ROUNDS = 4


def in_known_operators(program: Any) -> Any:
    """Give a program whose unknown operators are written by others, so far as torch knows how.

    What is written into a value makes another one, and programs inside of the program are part of
    it. Operators that the importer knows stay whole.
    """
    for turn in range(MOST_ROUNDS):
        table = _decompositions(program)
        if not table and (turn or not any(_is_changing(node) for node in program.graph.nodes)):
            return program
        try:
            with quiet():
                program = program.run_decompositions(table)
        # Torch raises dozens of kinds of errors on what it cannot write in other ways.
        except Exception as error:
            raise ImportRefusalError(
                f"torch does not write the model without changing values in place, as it says: "
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            ) from None
    return program


def short_name(node: Any) -> str:
    """Give an operator's name without its namespace and overload."""
    schema = getattr(node.target, "_schema", None)
    return schema.name.split("::")[-1] if schema is not None else str(node.target)


def _reached(program: Any) -> set[Any]:
    """Give the nodes that depend on an input or a parameter."""
    signature = program.graph_signature
    first = {*signature.user_inputs, *signature.inputs_to_parameters}
    found: set[Any] = set()
    for node in program.graph.nodes:
        if node.name in first or not found.isdisjoint(node.all_input_nodes):
            found.add(node)
    return found


def _decompositions(program: Any) -> dict[Any, Any]:
    """Give torch's decompositions of the operators that the importer does not know.

    What depends on neither an input nor a parameter is computed by torch, whatever it is.
    """
    from graphgen.importers.torch.complex_values import OF_ALL

    reached, known = _reached(program), {*OPERATORS, *OF_ALL}
    unknown = {
        node.target
        for node in program.graph.nodes
        if node.op == "call_function"
        and hasattr(node.target, "_schema")
        and short_name(node) not in known
        and node in reached
        and not node.target._schema.is_mutable
    }
    if not unknown:
        return {}
    from torch.export import default_decompositions

    table = default_decompositions()
    return {operator: table[operator] for operator in unknown if operator in table}


def _is_changing(node: Any) -> bool:
    """Whether an operator writes into its arguments, or runs a program inside of this one."""
    if node.op == "get_attr":
        return True
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and bool(schema.is_mutable)
