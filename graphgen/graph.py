"""The graph: a template bound to one network's weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.arrays import array_of
from graphgen.dtypes import common
from graphgen.errors import GraphError
from graphgen.finite import check_finite
from graphgen.summary import counted, name_of
from graphgen.template import EdgeBlock, NodeGroup, Template


@dataclass(frozen=True)
class Graph:
    """A network as a graph: a template, and its tensors by name, which blocks view.

    graph = graphgen.compile(net, "net.safetensors")
    graph.num_nodes, graph.num_edges
    graph.blocks            # strided views of the weights, made when asked for
    graph.edge_index()      # int64 (2, E), made when asked for
    graph.weights()         # name -> array, exactly what went in
    """

    template: Template
    tensors: Mapping[str, NDArray[Any]]

    @cached_property
    def blocks(self) -> tuple[EdgeBlock, ...]:
        """The blocks of edges, each with a view of the weights that it carries."""
        return tuple(
            block
            if block.tensor is None
            else replace(block, weight=block.view(self.tensors[block.tensor]))
            for block in self.template.blocks
        )

    @property
    def node_groups(self) -> tuple[NodeGroup, ...]:
        """The groups of nodes, contiguous and in order."""
        return self.template.node_groups

    @property
    def num_nodes(self) -> int:
        """The number of nodes."""
        return self.template.num_nodes

    @property
    def num_edges(self) -> int:
        """The number of edges, parallel ones counted each."""
        return self.template.num_edges

    def edge_index(self, out: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Give source and target of every edge, shape (2, E); see `Template.edge_index`."""
        return self.template.edge_index(out)

    def edge_values(self) -> NDArray[Any]:
        """Give the value of every edge, shape (E,), in the weights' common float dtype."""
        dtype = common(block.weight.dtype for block in self.blocks if block.weight is not None)
        values = np.empty(self.num_edges, dtype=dtype)
        for block in self.blocks:
            part = values[block.edge_start : block.edge_start + block.num_edges]
            part.reshape(block.shape)[...] = block.values()
        return values

    def weights(self) -> dict[str, NDArray[Any]]:
        """Give the weights back, read from the blocks; tensors without an edge as they came."""
        result = dict(self.tensors)
        for block in self.blocks:
            if block.tensor is None or block.weight is None or block.tied:
                continue
            before = result[block.tensor]
            if block.tensor_strides is None:
                result[block.tensor] = block.weight.reshape(before.shape)
                continue
            if before is self.tensors[block.tensor]:
                result[block.tensor] = before = np.array(before, order="C")
            block.place(before, block.weight)
        return result

    def with_edge_values(self, values: NDArray[Any]) -> Graph:
        """Give the graph whose edges have new values, shape (E,); each tensor keeps its dtype.

        A tied edge cannot differ from the edge that owns its scalar: `GraphError` if it does.
        """
        values = array_of(values, "`values`")
        if values.shape != (self.num_edges,):
            raise GraphError(f"expected {self.num_edges} edge values, got {list(values.shape)}")
        if values.dtype.kind == "c":
            raise GraphError(f"`values` has the dtype {values.dtype}, expected real numbers")
        new = dict(self.tensors)
        for block in self.template.blocks:
            if block.tensor is None:
                continue
            part = values[block.edge_start : block.edge_start + block.num_edges]
            old = self.tensors[block.tensor]
            part = part.astype(old.dtype).reshape(block.shape)
            if block.tensor_strides is None:
                tensor = part.reshape(old.shape)
            else:
                tensor = new[block.tensor]
                tensor = np.array(tensor, order="C") if tensor is old else tensor
                if not block.tied:
                    block.place(tensor, part)
                    new[block.tensor] = tensor
            if block.tied or block.tensor_strides is not None:
                kept = block.view(new[block.tensor])
                if not np.array_equal(kept, part, equal_nan=True):
                    raise GraphError(
                        f"the edges of {block.name} are tied to {block.tensor!r}, "
                        "but got other values than its owner"
                    )
            new[block.tensor] = tensor
        return self.template.bind(new)

    def check_values(self) -> None:
        """Raise `GraphError` that names every tensor with a value that is not finite."""
        check_finite(self.tensors)

    def verify(self) -> None:
        """Check the graph's invariants; see `graphgen.verify`."""
        from graphgen.verify import verify

        verify(self)

    def __repr__(self) -> str:
        return f"<Graph of {name_of(self.template)}: {counted(self.template)}>"

    def _repr_html_(self) -> str:
        from graphgen.drawing.notebooks import html

        return html(self)

    def __str__(self) -> str:
        template = self.template
        lines = [
            f"{template.kind} graph of {template.architecture[:12]}: "
            f"{self.num_nodes} nodes in {len(self.node_groups)} groups, "
            f"{self.num_edges} edges in {len(template.blocks)} blocks"
        ]
        groups = self.node_groups
        lines += [
            f"  {block.name}: {groups[block.source_group].name} -> "
            f"{groups[block.target_group].name}, {block.kind} "
            f"{' x '.join(map(str, block.shape))}"
            for block in template.blocks
        ]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[Graph], tuple[Template, dict[str, NDArray[Any]]]]:
        # Views would be copied beside what they view.
        return type(self), (self.template, dict(self.tensors))
