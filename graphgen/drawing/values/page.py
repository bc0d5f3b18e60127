"""The data of a page: one plain description, and one run of numbers that it points into."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.drawing.comparing import Against, compared
from graphgen.drawing.matrix import MatrixView
from graphgen.drawing.scene import scene
from graphgen.drawing.symmetry import derived, grains, of_tensors, permuted_by, shown_symmetries
from graphgen.drawing.values.blocks import BlockValues
from graphgen.drawing.values.networks import Network, network
from graphgen.drawing.values.packing import Buffer, Lists
from graphgen.errors import GraphError, whole
from graphgen.graph import Graph
from graphgen.sources import Net, Weights
from graphgen.template import EdgeBlock, NodeGroup, Template

FORMAT, VERSION = "graph-metanetworks/view", 1


def page_data(
    net: Net | Graph | Template,
    weights: Weights | None = None,
    *,
    name: str | None = None,
    against: Against | None = None,
    kind: str = "parameter",
    examples: int = 2,
    seed: int = 0,
) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Give what a page shows of a network: plain data, and the numbers that it points into.

        page, numbers = page_data(net, weights)
        page["blocks"][0]["values"]                 # {"mode": "exact", "offset": 0}

    `net` is an architecture, a path, a name or a graph; without weights the page shows the
    structure alone. `against` are weights of the same architecture, or a pair of a network and its
    weights, which are moved onto these by `graphgen.match`. Each symmetry comes with so many
    `examples`, drawn by `seed`, which also draws the input that outputs are computed at.
    """
    examples, seed = whole(examples, "examples"), whole(seed, "seed")
    ours = network(net, weights, kind)
    if against is not None and ours.arrays is None:
        raise GraphError("`against` compares weights, but there are none of the first network")
    buffer, lists = Buffer(), Lists()
    structure = ours.template
    acting, apart = derived(structure), of_tensors(structure)
    fine = grains(acting) if acting is not None else {}
    values = BlockValues(structure, buffer, 1 if against is None else 3, fine)
    symmetries, given = shown_symmetries(
        structure, acting, ours.arrays, values.plan.bins.get, lists,
        apart=apart, means=values.plan.means, examples=examples, seed=seed,
    )  # fmt: skip
    page: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": made_by(),
        "name": name or ours.name,
        "kind": structure.kind,
        "hash": structure.hash,
        "counts": counts(structure),
        "scene": scene(structure).plain(),
        "groups": [plain_group(group) for group in structure.node_groups],
        "blocks": [
            {
                **plain_block(block),
                "permuted_by": permuted_by(block, acting)
                if apart is None
                else apart.permuted_by(block),
                **values.shown(index, array_of(block, ours)),
            }
            for index, block in enumerate(structure.blocks)
        ],
        "scale": {"q995": values.scale()},
        "tensors": plain_tensors(ours),
        "symmetries": symmetries,
        "against": None,
        "input": given,
    }
    if against is not None and ours.arrays is not None:
        page["against"] = compared(structure, ours.arrays, against, values)
    page["lists"] = lists.plain()
    return page, buffer.array()


def array_of(block: EdgeBlock, ours: Network) -> NDArray[Any] | None:
    """Give the array of a block's tensor, if there is one."""
    if ours.arrays is None or block.tensor is None:
        return None
    return np.asarray(ours.arrays[block.tensor])


def counts(structure: Template) -> dict[str, int]:
    """Count what a network is made of."""
    return {
        "parameters": sum(prod(tensor.shape) for tensor in structure.tensors if tensor.trainable),
        "nodes": structure.num_nodes,
        "edges": structure.num_edges,
        "groups": len(structure.node_groups),
        "blocks": len(structure.blocks),
    }


def plain_group(group: NodeGroup) -> dict[str, Any]:
    """Describe a group of nodes."""
    return {
        "name": group.name,
        "kind": group.kind,
        "start": group.start,
        "size": group.size,
        "steps": [step.operation for step in group.steps],
        "depth": group.depth,
        "output": group.output,
        "shape": list(group.shape),
        "attributes": plain_attributes(group.attributes),
    }


def plain_block(block: EdgeBlock) -> dict[str, Any]:
    """Describe a block of edges."""
    matrix = MatrixView(block)
    free = block.tensor is None
    return {
        "name": block.name,
        "kind": block.kind,
        "layer": block.layer,
        "tensor": block.tensor,
        "tied": block.tied,
        "shape": list(block.shape),
        "axes": list(block.axes),
        "from": block.source_group,
        "to": block.target_group,
        "step": block.step,
        "edge_start": block.edge_start,
        "edges": block.num_edges,
        "source_start": block.source_start,
        "source_strides": list(block.source_strides),
        "target_start": block.target_start,
        "target_strides": list(block.target_strides),
        "tensor_start": block.tensor_start,
        "tensor_strides": None if block.tensor_strides is None else list(block.tensor_strides),
        "matrix": {
            "rows": matrix.rows,
            "columns": matrix.columns,
            "taps": list(matrix.taps),
            "row_axes": list(matrix.row_axes),
            "column_axes": list(matrix.column_axes),
            "tap_axes": list(matrix.tap_axes),
        },
        "constant": plain(block.constant) if free and not block.coefficients else None,
        "coefficients": bool(block.coefficients),
    }


def plain_tensors(ours: Network) -> list[dict[str, Any]]:
    """Describe all tensors, with the dtypes that they are stored in."""
    edges = {tensor.name for tensor in ours.template.edge_tensors}
    arrays = ours.arrays or {}
    return [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "dtype": str(arrays[tensor.name].dtype) if tensor.name in arrays else tensor.dtype,
            "trainable": tensor.trainable,
            "edges": tensor.name in edges,
        }
        for tensor in ours.template.tensors
    ]


def plain_attributes(attributes: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Give attributes as JSON can say them."""
    return {name: plain(value) for name, value in attributes}


def plain(value: Any) -> Any:
    """Give a value as JSON can say it."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def made_by() -> str:
    """Name the program and its version."""
    try:
        return f"graph-metanetworks {version('graph-metanetworks')}"
    except PackageNotFoundError:
        return "graph-metanetworks"
