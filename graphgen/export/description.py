"""The description that goes along with an export: how to read it, and to get the weights back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from math import prod
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine
from graphgen.arrays import array_of
from graphgen.dtypes import holds, is_number, is_real
from graphgen.errors import GraphError
from graphgen.export.values import graph_from
from graphgen.features import EDGE_NAMES, NODE_NAMES
from graphgen.graph import Graph
from graphgen.kinds import EDGE_KINDS, NODE_KINDS
from graphgen.template import EdgeBlock, Template

FORMAT, VERSION = "graph-metanetworks/graph", 2


def describe(graph: Graph) -> str:
    """Describe a graph as JSON text, all but the values of its edges.

        text = describe(graph)
        json.loads(text)["structure"]["blocks"][0]["tensor"]    # "0.weight"
        restore_weights(text, graph.edge_values())              # name -> array

    It holds the template's `structure`, names and all, with its `hash` and a `digest`, the words
    behind the kinds, the names of the features' columns, the `dtypes` of the tensors, the values of
    tensors `without_edges`, and the places and values of `loose` scalars of others, such as those
    of a kernel that always lie outside: they have no edge in a computation graph.
    """
    template = graph_from(graph).template
    structure = template.describe()
    owning = {tensor.name for tensor in template.edge_tensors}
    rest = {name: array for name, array in graph.tensors.items() if name not in owning}
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "hash": template.hash,
            "digest": digest(structure),
            "structure": structure,
            "node_kinds": NODE_KINDS,
            "edge_kinds": EDGE_KINDS,
            "node_columns": NODE_NAMES,
            "edge_columns": EDGE_NAMES,
            "dtypes": {name: array.dtype.name for name, array in graph.tensors.items()},
            "without_edges": {name: plain(array) for name, array in rest.items()},
            "loose": {
                name: [places.tolist(), plain(graph.tensors[name].reshape(-1)[places])]
                for name, places in loose(template).items()
            },
        }
    )


def loose(template: Template) -> dict[str, NDArray[np.int64]]:
    """List the scalars without an edge of each tensor that has edges for others."""
    blocks: dict[str, list[EdgeBlock]] = {}
    for block in template.blocks:
        if block.tensor is not None:
            blocks.setdefault(block.tensor, []).append(block)
    found = {}
    for tensor in template.edge_tensors:
        own = blocks[tensor.name]
        if any(block.tensor_strides is None for block in own):
            continue
        bare = np.ones(prod(tensor.shape), dtype=np.bool_)
        for block in own:
            bare[affine(block.shape, block.tensor_start, block.tensor_strides or ())] = False
        if bare.any():
            found[tensor.name] = np.flatnonzero(bare)
    return found


def digest(structure: Any) -> str:
    """Give the SHA-256 of a structure with its names, which the template's hash leaves out."""
    text = json.dumps(structure, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(array: NDArray[Any]) -> list[Any]:
    """List the items of an array in C order, as numbers that Python and JSON know."""
    wide = array if array.dtype.kind in "iub" else array.astype(np.float64)
    items: list[Any] = wide.reshape(-1).tolist()
    return items


def restore_weights(description: str | bytes, values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Give the weights back from an export's description and the values of its edges, in order.

        table = pyarrow.parquet.read_table("net/edges.parquet")
        restore_weights(table.schema.metadata[b"description"], table["value"].to_numpy())

    Raises `GraphError` for a description that is damaged or of another format, for a wrong number
    of values, and for a tied edge that differs from the edge that owns its scalar.
    """
    values = array_of(values, "`values`")
    content = parse(description)
    try:
        return restored(content, values)
    # The digest covers the structure alone, and whoever writes a structure can write its digest.
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as e:
        raise GraphError(
            f"the description is damaged ({type(e).__name__}: {e}); export the graph again"
        ) from e


def restored(content: Mapping[str, Any], values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Put the values of the edges back into tensors."""
    structure = content["structure"]
    if values.shape != (structure["num_edges"],):
        raise GraphError(f"expected {structure['num_edges']} edge values, got {list(values.shape)}")
    shapes = {tensor["name"]: tuple(tensor["shape"]) for tensor in structure["tensors"]}
    dtypes = {name: dtype(word) for name, word in content["dtypes"].items()}
    carried = {dtypes[block["tensor"]] for block in structure["blocks"] if block["tensor"]}
    for kind in carried:
        if is_real(kind) and not (is_real(values.dtype) and holds(values.dtype, kind)):
            raise GraphError(
                f"expected edge values of a dtype that holds {kind}, got {values.dtype}: they have "
                "been rounded; give them as they were exported"
            )
    found = {
        name: np.array(items, dtype=dtypes[name]).reshape(shapes[name])
        for name, items in content["without_edges"].items()
    }
    for block in structure["blocks"]:
        name = block["tensor"]
        if name is None:
            continue
        part = values[block["edge_start"] : block["edge_start"] + prod(block["shape"])]
        part = part.astype(dtypes[name])
        tensor = found.setdefault(name, np.zeros(shapes[name], dtypes[name])).reshape(-1)
        scalars = addresses(block)
        if not block["tied"]:
            tensor[scalars] = part
        if not np.array_equal(tensor[scalars], part, equal_nan=True):
            raise GraphError(
                f"the edges of {block['name']} are tied to {name!r}, "
                "but got other values than its owner"
            )
    for name, (places, items) in content["loose"].items():
        found[name].reshape(-1)[places] = np.array(items, dtype=dtypes[name])
    return {name: found[name] for name in shapes}


def addresses(block: Mapping[str, Any]) -> NDArray[np.int64]:
    """Give the scalar of its tensor that each edge of a block carries."""
    if block["tensor_strides"] is None:
        return np.arange(prod(block["shape"]), dtype=np.int64)
    grid = affine(tuple(block["shape"]), block["tensor_start"], tuple(block["tensor_strides"]))
    return grid.reshape(-1)


def parse(description: str | bytes) -> Mapping[str, Any]:
    """Read a description, and compare its structure with its digest."""
    try:
        content: dict[str, Any] = json.loads(description)
        known = (content["format"], content["version"]) == (FORMAT, VERSION)
        same = digest(content["structure"]) == content["digest"]
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise GraphError(f"not the description of an exported graph: {error!r:.300}") from None
    if not known:
        raise GraphError(
            f"a description of {content['format']!r}, version {content['version']!r}; "
            f"expected {FORMAT!r}, version {VERSION}"
        )
    if not same:
        raise GraphError(
            "the structure in the description does not match its digest: it was changed"
        )
    return content


def dtype(word: str) -> np.dtype[Any]:
    """Give the dtype of a name; numpy alone knows neither `bfloat16` nor floats of 8 bits."""
    found = np.dtype(getattr(ml_dtypes, word, word))
    if not is_number(found):
        raise TypeError(f"{word!r:.80} is no dtype of numbers")
    return found
