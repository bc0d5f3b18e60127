"""The template: a graph's structure, which depends on the architecture alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphgen.affine import affine, write_affine
from graphgen.checkpoint import Form
from graphgen.dtypes import in_numpy
from graphgen.errors import GraphError, instance
from graphgen.fitting import fitting
from graphgen.sources import Weights
from graphgen.summary import counted, joined, name_of
from spec import Architecture, TensorSpec, from_resolved
from spec.checkpoint import CheckpointMap

if TYPE_CHECKING:
    from graphgen.graph import Graph

Attributes = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Step:
    """One pointwise operation that the nodes of a group apply to their sum, in order."""

    operation: str
    attributes: Attributes = ()


@dataclass(frozen=True)
class NodeGroup:
    """A contiguous run of nodes with one role: the neurons of a layer, or a layer's bias node.

    `kind` is `input`, `neuron`, `hub`, or the role of a parameter node (`bias`, `scale`, `mean`,
    `variance`). `steps` says what happens to the sum of the incoming messages; `depth` is the
    number of blocks on the longest path from an input; `output` is the position of the group
    among the network's outputs, or -1.

    In a computation graph a node is an item of a value of `shape` (in C order); `kind` says how
    it combines its messages; `attributes` are that rule's constants. See `graphgen.evaluate`.
    """

    name: str
    kind: str
    start: int
    size: int
    steps: tuple[Step, ...] = ()
    depth: int = 0
    output: int = -1
    shape: tuple[int, ...] = ()
    attributes: Attributes = ()

    @property
    def normed(self) -> int:
        """The number of neurons that are normed together, 1 if each is by itself."""
        return max((dict(step.attributes).get("neurons", 1) for step in self.steps), default=1)


@dataclass(frozen=True)
class EdgeBlock:
    """A regular grid of edges over one array: an edge for each coordinate `c` of `shape`.

        source = source_start + sum(source_strides[i] * c[i])
        target = target_start + sum(target_strides[i] * c[i])

    `axes` names the role of each axis: `out`, `in`, `group`, `unit` (a node each), or `tap` and
    `position` (parallel edges, told apart by their coordinate). `weight` is a view of the bound
    array in the block's shape, None in a template: the tensor in its own order or, with
    `tensor_strides`, its scalar `tensor_start + sum(tensor_strides[i] * c[i])` in C order (a stride
    of 0 where a weight is reused). A block without a tensor carries `constant`, or fixed
    `coefficients` that `tensor_strides` addresses in the same way.
    `step` is the place among the target's steps at which the edge acts; `tied` marks a further use
    of a tensor that another block owns.
    """

    name: str
    kind: str
    layer: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    source_group: int
    source_start: int
    source_strides: tuple[int, ...]
    target_group: int
    target_start: int
    target_strides: tuple[int, ...]
    edge_start: int
    tensor: str | None = None
    constant: float = 1.0
    tied: bool = False
    step: int = 0
    attributes: Attributes = ()
    tensor_start: int = 0
    tensor_strides: tuple[int, ...] | None = None
    coefficients: tuple[float, ...] = ()
    weight: NDArray[Any] | None = None

    def __repr__(self) -> str:
        return f"<EdgeBlock {joined(self)}>"

    @cached_property
    def num_edges(self) -> int:
        """The number of edges in the block."""
        return prod(self.shape)

    def sources(self) -> NDArray[np.int64]:
        """Give the source node of each edge, in the block's shape."""
        return affine(self.shape, self.source_start, self.source_strides)

    def targets(self) -> NDArray[np.int64]:
        """Give the target node of each edge, in the block's shape."""
        return affine(self.shape, self.target_start, self.target_strides)

    def view(self, array: NDArray[Any]) -> NDArray[Any]:
        """View a tensor, or the coefficients, as the block's edges see it.

        A copy is made of an array that is not contiguous, and strided by the block.
        """
        if self.tensor_strides is None:
            return array.reshape(self.shape)
        flat = np.ascontiguousarray(array).reshape(-1)[self.tensor_start :]
        strides = [stride * flat.itemsize for stride in self.tensor_strides]
        # Numpy strides no floats of 8 bits, so that their bits are.
        bits = flat if in_numpy(flat.dtype) else flat.view(f"u{flat.itemsize}")
        grid = np.lib.stride_tricks.as_strided(bits, self.shape, strides, writeable=False)
        return grid.view(flat.dtype)

    def place(self, array: NDArray[Any], values: NDArray[Any]) -> None:
        """Write the values of the edges to their scalars, the first of each shared one."""
        if self.tensor_strides is None:
            array.reshape(self.shape)[...] = values
            return
        first = tuple(slice(0, 1) if step == 0 else slice(None) for step in self.tensor_strides)
        array.reshape(-1)[self.view(np.arange(array.size))[first]] = values[first]

    def values(self) -> NDArray[Any]:
        """Give the values of the edges, in a shape that fits the block's: views, no copy."""
        if self.weight is not None:
            return self.weight
        if self.coefficients:
            return self.view(np.array(self.coefficients))
        return np.asarray(self.constant)

    @cached_property
    def fan_in(self) -> int:
        """The number of the block's edges that enter one target node."""
        sizes = zip(self.shape, self.target_strides, strict=True)
        return prod(size for size, stride in sizes if stride == 0)

    @cached_property
    def fan_out(self) -> int:
        """The number of the block's edges that leave one source node."""
        sizes = zip(self.shape, self.source_strides, strict=True)
        return prod(size for size, stride in sizes if stride == 0)


@dataclass(frozen=True)
class Template:
    """The structure of an architecture's graph; `bind` adds weights.

        template = graphgen.template(net)
        graph = template.bind(weights)       # arrays by name, or a file

    `tensors` are all tensors of the architecture in its order; those without an edge (a counter of
    batches) are carried along by the graph. `checkpoints` say how files have them, `matrices` which
    of them are weights of products, `net` is the architecture; none is part of the structure.
    """

    architecture: str
    kind: str
    node_groups: tuple[NodeGroup, ...]
    blocks: tuple[EdgeBlock, ...]
    tensors: tuple[TensorSpec, ...]
    checkpoints: tuple[CheckpointMap, ...] = field(default=(), compare=False)
    matrices: frozenset[str] = field(default=frozenset(), compare=False)
    net: Architecture | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<Template of {name_of(self)}: {counted(self)}>"

    def _repr_html_(self) -> str:
        from graphgen.drawing.notebooks import html

        return html(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Template:
        return self  # never changed

    def __getstate__(self) -> dict[str, Any]:
        # An architecture keeps views of mappings, which are sent in their resolved form.
        net = self.net
        return {**self.__dict__, "net": None if net is None else net.resolved()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        net = state["net"]
        self.__dict__.update({**state, "net": None if net is None else from_resolved(net)})

    def __hash__(self) -> int:
        # Not block by block: templates are keys of every cache of what depends on structure.
        return hash((self.architecture, self.kind, len(self.blocks)))

    @cached_property
    def form(self) -> Form:
        """What the architecture expects of weights."""
        return Form(self.tensors, self.checkpoints, self.matrices)

    @cached_property
    def num_nodes(self) -> int:
        """The number of nodes."""
        return sum(group.size for group in self.node_groups)

    @cached_property
    def num_edges(self) -> int:
        """The number of edges, parallel ones counted each."""
        return sum(block.num_edges for block in self.blocks)

    @cached_property
    def edge_tensors(self) -> tuple[TensorSpec, ...]:
        """The tensors whose scalars own an edge."""
        owning = {block.tensor for block in self.blocks}
        return tuple(tensor for tensor in self.tensors if tensor.name in owning)

    def edge_index(self, out: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Give source and target of every edge, shape (2, E), block after block in C order.

        Writes them to `out` if given: int64, shape (2, E), in C order.
        """
        shape = (2, self.num_edges)
        if out is None:
            index = np.empty(shape, dtype=np.int64)
        else:
            index = instance(out, np.ndarray, "out")
        if index.shape != shape or index.dtype != np.int64 or not index.flags.c_contiguous:
            order = "" if index.flags.c_contiguous else ", not in C order"
            raise GraphError(
                f"out: expected int64 of shape {list(shape)} in C order, "
                f"got {index.dtype} of shape {list(index.shape)}{order}"
            )
        for block in self.blocks:
            part = slice(block.edge_start, block.edge_start + block.num_edges)
            write_affine(index[0, part], block.shape, block.source_start, block.source_strides)
            write_affine(index[1, part], block.shape, block.target_start, block.target_strides)
        return index

    def dead_nodes(self) -> NDArray[np.int64]:
        """List the nodes that no output depends on, such as rows of a table that nothing reads.

        Neurons that are normed together depend on one another.
        """
        from graphgen.liveness import live_nodes

        return np.flatnonzero(~live_nodes(self))

    def edge_parameters(self) -> NDArray[np.int64]:
        """Give the scalar that each edge carries, shape (E,); -1 for a parameter-free edge.

        Scalars are counted over `edge_tensors`, one tensor after the other, in C order; edges with
        one number are tied.
        """
        starts: dict[str, int] = {}
        total = 0
        for tensor in self.edge_tensors:
            starts[tensor.name] = total
            total += prod(tensor.shape)
        result = np.full(self.num_edges, -1, dtype=np.int64)
        for block in self.blocks:
            if block.tensor is None:
                continue
            part = result[block.edge_start : block.edge_start + block.num_edges]
            start = starts[block.tensor] + block.tensor_start
            if block.tensor_strides is None:
                write_affine(part, (block.num_edges,), start, (1,))
            else:
                write_affine(part, block.shape, start, block.tensor_strides)
        return result

    def bind(self, weights: Weights) -> Graph:
        """Give the graph of these weights, arrays or a file: views, nothing copied or read.

        Weights are compared with the structure here; the graph's blocks are made when they are
        asked for. Raises `GraphError` that lists every missing, misshapen and superfluous tensor.
        """
        from graphgen.graph import Graph

        return Graph(self, fitting(self.form, weights))

    def describe(self) -> dict[str, Any]:
        """Give the structure as plain data, enough for a reader in another language."""
        blocks = []
        for block in self.blocks:
            row = asdict(replace(block, weight=None))
            del row["weight"]
            blocks.append(row)
        return {
            "architecture": self.architecture,
            "kind": self.kind,
            "num_nodes": self.num_nodes,
            "num_edges": self.num_edges,
            "node_groups": [asdict(group) for group in self.node_groups],
            "blocks": blocks,
            "tensors": [asdict(tensor) for tensor in self.tensors],
        }

    @cached_property
    def hash(self) -> str:
        """The structure's identity: SHA-256 of its canonical form.

        What does not change the function leaves it alone: names, first values, the order in which
        layers are listed, a reshape that is undone, an axis of one.
        """
        from graphgen.canonical import canonical_form

        text = json.dumps(canonical_form(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
