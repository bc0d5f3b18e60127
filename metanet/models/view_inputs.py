"""The views that a model reads: those that a batch brings, and what it computes by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from metanet import views as known_views  # which import models, and so are not yet all there
from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.options import check, nearest, shown
from metanet.uncompiled import uncompiled
from metanet.views.made import is_made
from metanet.views.pooling import STATISTICS, pool
from metanet.views.view import NETWORK, NODE, View

State = Mapping[str, Tensor]
DOT = ":"
"""What stands for a dot in the names of buffers."""


class ViewInputs(nn.Module):
    """Views by name, with the state of those that have one.

        inputs = ViewInputs(["statistics", "rows"])
        inputs.numbers(batch)                    # (networks, inputs.columns), of networks
        inputs.nodes(batch.parts[0])             # (networks, num_nodes, inputs.node_columns)

    With `pooled`, views of nodes are pooled over nodes to numbers of networks. What a part of a
    batch brings is taken as it is, and the rest computed. A view that is made from networks, such
    as `exam`, is kept here by `keep`, in buffers, so that it belongs to a model's state.
    """

    def __init__(self, views: Sequence[str], pooled: bool = False) -> None:
        super().__init__()
        self.pooled = pooled
        self.kept = nn.ModuleDict({name: KeptView(name) for name in check("views", views)})

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the views, in order."""
        return tuple(self.kept)

    def needed(self) -> ViewInputs:
        """Give itself; `MetanetError` where there is nothing to read."""
        if not self.names:
            raise MetanetError("`views` is [], expected at least one view")
        return self

    @property
    def columns(self) -> int:
        """How many numbers of a network there are."""
        pooled = len(STATISTICS) * sum(len(kept.columns) for kept in self.of(NODE))
        return sum(len(kept.columns) for kept in self.of(NETWORK)) + pooled * self.pooled

    @property
    def node_columns(self) -> int:
        """How many numbers of a node there are."""
        return 0 if self.pooled else sum(len(kept.columns) for kept in self.of(NODE))

    def all(self) -> list[KeptView]:
        """Give all views, in order."""
        return [kept for kept in self.kept.values() if isinstance(kept, KeptView)]

    def of(self, level: str) -> list[KeptView]:
        """Give the views of a level, in order."""
        return [kept for kept in self.all() if kept.level == level]

    def keep(self, view: Any) -> None:
        """Take a view that was made from networks, in the place of the one of its name."""
        if view.name not in self.kept:
            raise MetanetError(
                f"the model does not read the view {view.name!r}; it reads "
                f"{', '.join(self.names) or 'none'}"
            )
        for kept in self.all():
            if kept.name == view.name:
                kept.keep(view.state())

    @uncompiled
    def numbers(self, batch: Batch) -> Tensor:
        """Give the numbers of each network of a batch, (networks, columns)."""
        return torch.cat([self.numbers_of(part) for part in batch.parts])[batch.order]

    def numbers_of(self, part: Part) -> Tensor:
        """Give the numbers of each network of a part, (networks, columns)."""
        found = [known_views.view_of(part, kept.view()) for kept in self.of(NETWORK)]
        if self.pooled:
            found += [pool(part, known_views.view_of(part, kept.view())) for kept in self.of(NODE)]
        return torch.cat(found, dim=1)

    @uncompiled
    def nodes(self, part: Part) -> Tensor:
        """Give the numbers of each node of a part, (networks, num_nodes, columns)."""
        return torch.cat([known_views.view_of(part, kept.view()) for kept in self.of(NODE)], dim=2)

    def expect(self, state: State) -> None:
        """Make place for the kept views of a saved state, of which these are the own entries."""
        for kept in self.all():
            kept.expect(beneath(state, f"kept.{kept.name}."))


class KeptView(nn.Module):
    """A view, with its state in buffers if it has one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in known_views.VIEWS:
            raise MetanetError(
                f"`views`: unknown view {shown(name)}, expected another; "
                f"{nearest(name, list(known_views.VIEWS))}"
            )
        self.name = name
        self.kind: Any = known_views.VIEWS[name]
        self.level: str = self.kind.level
        self.made = is_made(self.kind)
        self._plain: View | None = None if self.made else known_views.make(name)
        self._made: View | None = None
        self._made_of: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its numbers, whatever its state."""
        view: View = self._plain or self.kind.__new__(self.kind)
        return view.columns

    @property
    def key(self) -> str:
        """The identity of the view: its name and state."""
        digest = hashlib.sha256(self.name.encode())
        for name, tensor in sorted(self.state().items()):
            values = tensor.detach().cpu().numpy()
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            digest.update(values.tobytes())
        return digest.hexdigest()

    def view(self) -> View:
        """Give the view; `MetanetError` where its state is missing."""
        state = self.state()
        if not state and self._plain is not None:
            return self._plain
        if not state:
            raise MetanetError(
                f"the view {self.name!r} is made from training networks, and this model has none: "
                "give it one by `model.keep_view(view)`"
            )
        made_of = tuple(id(tensor) for tensor in state.values())
        if self._made is None or made_of != self._made_of:
            self._made, self._made_of = self.kind.from_state(state), made_of
        return self._made

    def state(self) -> dict[str, Tensor]:
        """Give the state of the view, by the names that it has there."""
        return {name.replace(DOT, "."): tensor for name, tensor in self.named_buffers()}

    def keep(self, state: State) -> None:
        """Let the buffers be the tensors of a state."""
        for name in [name for name, _ in self.named_buffers()]:
            delattr(self, name)
        for name, tensor in state.items():
            self.register_buffer(name.replace(".", DOT), tensor.detach().clone())

    def expect(self, state: State) -> None:
        """Make place for a state."""
        if self.made:
            self.keep({name: torch.empty_like(tensor) for name, tensor in state.items()})

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        self.expect(beneath(state_dict, prefix))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def beneath(state: State, prefix: str) -> dict[str, Tensor]:
    """Give the entries of a state whose names begin so, without that beginning."""
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
