"""What an architecture expects of a checkpoint: each stored tensor, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from spec import Architecture, TensorSpec
from spec.checkpoint import CheckpointMap, Stored
from spec.primitives import Contract, Lookup, Window


@dataclass(frozen=True)
class Form:
    """The tensors of an architecture, what it says of checkpoints, and which weigh in products.

    `matrices` are the tensors of which frameworks store the axes in different orders.
    """

    tensors: tuple[TensorSpec, ...]
    checkpoint: CheckpointMap = CheckpointMap()  # noqa: RUF009  it is immutable
    matrices: frozenset[str] = frozenset()

    @classmethod
    def of(cls, net: Architecture) -> Form:
        """Give the form of an architecture."""
        return cls(tuple(net.tensors.values()), net.checkpoint, matrices_of(net))

    @cached_property
    def by_name(self) -> dict[str, TensorSpec]:
        """The tensors by name."""
        return {tensor.name: tensor for tensor in self.tensors}

    @cached_property
    def own(self) -> tuple[Stored, ...]:
        """The tensors as the architecture has them."""
        return tuple(plain(tensor) for tensor in self.tensors)

    @cached_property
    def declared(self) -> tuple[Stored, ...]:
        """The tensors as the architecture says that checkpoints have them."""
        entries = self.checkpoint.by_tensor
        rows = (entries.get(t.name) or plain(t) for t in self.tensors)
        return tuple({entry.tensors: entry for entry in rows}.values())

    @property
    def differs(self) -> bool:
        """Whether checkpoints have other tensors than the architecture, or under other names."""
        return bool(self.checkpoint.entries)


def plain(tensor: TensorSpec) -> Stored:
    """Give the entry of a tensor that is stored as it is."""
    return Stored((tensor.name,), (tensor.name,), (tensor.shape,), (tensor.shape,))


def matrices_of(net: Architecture) -> frozenset[str]:
    """List the tensors by which values are multiplied and summed, but for tables of rows."""
    products, tables = (
        {n for op in net.operations if isinstance(op.primitive, kinds) for n in op.parameters}
        for kinds in ((Contract, Window), (Lookup,))
    )
    return frozenset(products - tables)


def is_counter(tensor: TensorSpec) -> bool:
    """Say whether a tensor counts batches, which no function depends on: it may be missing."""
    return not tensor.trainable and tensor.dtype == "int64" and tensor.shape == ()
