"""A tracer that knows which operator of a program it is at, and the dtypes there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen.importers.torch.arrays import to_numpy
from graphgen.importers.traced import Constant, Parameter, Traced
from graphgen.importers.tracer import Tracer

FLOAT, INTEGER, BOOLEAN, COMPLEX = "float", "integer", "boolean", "complex"


class Reading(Tracer):
    """Traces a program of torch; `node` is the operator that is read.

    `buffers` are the module's tensors by their names, and `learned` the names of those that are
    learned values where layers do not have all of them. `known` is what each node has given.
    `padding` are ids that no input has, and `assumed` those for which that mattered.
    """

    node: Any = None
    padding: frozenset[int] = frozenset()

    def __init__(
        self,
        name: str,
        samples: int | None,
        buffers: Mapping[str, Any],
        learned: Mapping[str, int],
    ) -> None:
        super().__init__(name, samples)
        self.buffers = buffers
        self.learned = learned
        self.assumed: set[int] = set()
        self.known: dict[str, Any] = {}

    def beside(self, x: Traced | None, name: str) -> Traced | None:
        """Give a buffer of the same module as another tensor, if it has one of this name."""
        if not isinstance(x, (Constant, Parameter)) or not x.name:
            return None
        whole = x.name[: x.name.rfind(".") + 1] + name
        found = self.buffers.get(whole)
        return None if found is None else Parameter(whole, to_numpy(found))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the operator's result; where a length is open, that of the example."""
        return tuple(int(n) for n in self.node.meta["val"].shape)

    def kind(self, place: int | str | None = None) -> str:
        """Say what numbers an argument holds, or the result where none is named."""
        node = self.node
        if place is not None:
            arguments = node.kwargs if isinstance(place, str) else dict(enumerate(node.args))
            node = arguments.get(place)
        return kind_of(node)


def kind_of(node: Any) -> str:
    """Say what numbers a node, or a number, holds."""
    if isinstance(node, bool):
        return BOOLEAN
    if isinstance(node, (int, float, complex)):
        return INTEGER if isinstance(node, int) else FLOAT
    value = node.meta.get("val") if hasattr(node, "meta") else None
    value = value[0] if isinstance(value, (list, tuple)) and value else value
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return FLOAT
    if dtype.is_floating_point:
        return FLOAT
    if dtype.is_complex:
        return COMPLEX
    return BOOLEAN if str(dtype) == "torch.bool" else INTEGER
