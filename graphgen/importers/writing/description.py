"""The whole text: columns become a description, with comments that say what comes from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen.importers.network import Network
from graphgen.importers.writing.blocks import titles_of
from graphgen.importers.writing.columns import Column
from graphgen.importers.writing.expressions import escaped
from graphgen.importers.writing.graph import Graph
from graphgen.importers.writing.naming import Names, name_all
from graphgen.importers.writing.numbering import settle_numbers
from graphgen.importers.writing.rendering import Renderer
from graphgen.importers.writing.scopes import Scope, scopes_of
from graphgen.importers.writing.text import entries_text, flow, scalar
from spec.primitives import Shape

MODELINE = "# yaml-language-server: $schema=architecture.schema.json"


def describe(network: Network, graph: Graph, columns: list[Column]) -> tuple[str, Names]:
    """Write columns as YAML, without the section on checkpoints; give the names, too."""
    scopes = scopes_of(graph, columns)
    titles = titles_of(_keys(columns))
    names = name_all(graph, scopes, titles)
    silent = settle_numbers(names, scopes)
    renderer = Renderer(graph, scopes, names, silent, titles=titles)
    layers = renderer.network()
    lines = [MODELINE, f"name: {scalar(network.name or 'network')}"]
    if network.origin:
        lines.append(f"# {comment(network.origin)}")
    if renderer.pool.variables:
        lines.append("vars:")
        lines += [f"  {k}: {flow(escaped(v))}" for k, v in renderer.pool.variables.items()]
    lines += _inputs(network.inputs)
    if renderer.blocks:
        lines.append("blocks:")
        for number, block in renderer.blocks.items():
            lines.append(f"  # {_comment(graph, scopes[number], names)}")
            lines.append(f"  {scalar(titles[number])}:")
            for key in ("inputs", "args"):
                if key in block:
                    lines.append(f"    {key}: {flow(block[key])}")
            lines += ["    layers:", *entries_text(block["layers"], 6)]
    lines += ["layers:", *entries_text(layers, 2)]
    if graph.outputs != ((len(graph.said) - 1, ""),):
        outputs = [escaped(names.of(target)) for target in graph.outputs]
        lines.append(f"outputs: {flow(outputs if len(outputs) > 1 else outputs[0])}")
    return "\n".join(lines) + "\n", names


def comment(text: str) -> str:
    """Give a text as what may stand behind a # in one line."""
    plain = "".join(character if character.isprintable() else "?" for character in text)
    return plain.encode("utf-8", "replace").decode()[:200]


def _inputs(inputs: Mapping[str, Shape]) -> list[str]:
    rows = [f"{scalar(name)}: {flow(list(shape))}" for name, shape in inputs.items()]
    if len(rows) == 1:
        return [f"inputs: {{{rows[0]}}}"]
    return ["inputs:", *(f"  - {row}" for row in rows)]


def _keys(columns: list[Column]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    waiting = [column.key for column in columns]
    while waiting:
        key = waiting.pop(0)
        if key[0] == "call":
            found.setdefault(key[1], key)
        waiting += key[1] if key[0] == "repeat" else key[2] if key[0] == "call" else ()
    return found


def _comment(graph: Graph, scope: Scope, names: Names) -> str:
    """Say which part of the model a block is, and the shapes of its first call."""
    called = [names.calls[scope.number, start] for start in scope.starts]
    where = called[0] if len(called) == 1 else f"{called[0]} to {called[-1]}"
    entering = [_shape(graph, vector[0][0]) for vector in scope.entering]
    given = list(graph.said[scope.ends[0]].node.shape)
    return f"{where}: {' and '.join(entering)} -> {given}"


def _shape(graph: Graph, place: int) -> str:
    if place < 0:
        return graph.inputs[-1 - place]
    return str(list(graph.said[place].node.shape))
