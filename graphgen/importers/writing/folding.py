"""How far a network is folded: wholly, or what stands in a row alone."""

from __future__ import annotations

from itertools import count

from graphgen.importers.writing.blocks import call_repeated, inlined, merged, unrolled
from graphgen.importers.writing.columns import Column
from graphgen.importers.writing.graph import Graph
from graphgen.importers.writing.repeats import fold, fold_blocks
from graphgen.importers.writing.windows import call_again, call_modules


def folded_wholly(graph: Graph) -> list[Column]:
    """Write once what is repeated, and what stands in several places; then what these repeat."""
    numbers = count(1)
    columns = call_modules(graph, graph.columns(), numbers)
    columns = call_modules(graph, fold(graph, columns), numbers)
    columns = fold(graph, call_again(graph, fold(graph, columns), numbers))
    columns = fold_blocks(graph, columns)
    columns = call_repeated(graph, columns, numbers)
    return inlined(merged(graph, unrolled(graph, columns)))


def folded_in_rows(graph: Graph) -> list[Column]:
    """Write once what is repeated."""
    return call_repeated(graph, fold(graph, graph.columns()), count(1))
