"""What an architecture expects of a checkpoint: each stored tensor, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphgen.checkpoint.other_orders import is_unclear
from spec import Architecture, TensorSpec
from spec.checkpoint import CheckpointMap, Stored
from spec.primitives import Contract, Lookup, Shape, Window

if TYPE_CHECKING:
    from graphgen.checkpoint.fits import Fit, Signature


@dataclass(frozen=True)
class Layout:
    """One layout of checkpoints: what is declared of it, and how each tensor is stored.

    `unclear` are weights of which neither a declaration nor their shape tells the order of axes.
    """

    declared: CheckpointMap
    entries: tuple[Stored, ...]
    unclear: tuple[tuple[str, Shape], ...]

    @property
    def differs(self) -> bool:
        """Whether it has other tensors than the architecture, or under other names."""
        return bool(self.declared.entries)


@dataclass(frozen=True)
class Form:
    """The tensors of an architecture, what it says of checkpoints, and which weigh in products.

    `matrices` are the tensors of which frameworks store the axes in different orders.
    """

    tensors: tuple[TensorSpec, ...]
    checkpoints: tuple[CheckpointMap, ...] = ()
    matrices: frozenset[str] = frozenset()

    @classmethod
    def of(cls, net: Architecture) -> Form:
        """Give the form of an architecture."""
        return cls(tuple(net.tensors.values()), net.checkpoints, matrices_of(net))

    @cached_property
    def by_name(self) -> dict[str, TensorSpec]:
        """The tensors by name."""
        return {tensor.name: tensor for tensor in self.tensors}

    @cached_property
    def fits(self) -> dict[Signature, Fit]:
        """Weights that fitted lately; see `graphgen.checkpoint.fits`."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        # A copy, in another process too, is the same whatever weights there were.
        return {name: value for name, value in vars(self).items() if name != "fits"}

    @cached_property
    def own(self) -> tuple[Stored, ...]:
        """The tensors as the architecture has them."""
        return tuple(plain(tensor) for tensor in self.tensors)

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """The layouts that checkpoints may have: those declared, and the architecture's own."""
        declared = tuple(self._layout(each, self._entries(each)) for each in self.checkpoints)
        if any(not layout.differs for layout in declared):
            return declared
        return (*declared, self._layout(CheckpointMap(), self.own))

    @cached_property
    def said(self) -> frozenset[str]:
        """The tensors of which the axes are declared."""
        entries = (entry for each in self.checkpoints for entry in each.entries if entry.declared)
        return frozenset(name for entry in entries for name in entry.tensors)

    @property
    def section(self) -> str | None:
        """The part of a file of torch that is meant."""
        return next((each.section for each in self.checkpoints if each.section), None)

    def _layout(self, declared: CheckpointMap, entries: tuple[Stored, ...]) -> Layout:
        unclear = (
            (name, shape)
            for entry in entries
            if self.matrices.intersection(entry.tensors) - self.said
            for name, shape in zip(entry.names, entry.shapes, strict=True)
            if is_unclear(shape)
        )
        return Layout(declared, entries, tuple(unclear))

    def _entries(self, declared: CheckpointMap) -> tuple[Stored, ...]:
        rows = (declared.by_tensor.get(t.name) or plain(t) for t in self.tensors)
        return tuple({entry.tensors: entry for entry in rows}.values())


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
