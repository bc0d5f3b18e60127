"""Viewed: any metanet, with views of what it reads."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.learned_inputs import AnswerReader, InputPoints
from metanet.models.metanet import Metanet, head
from metanet.models.reader import Reader
from metanet.models.view_inputs import ViewInputs
from metanet.options import OPTIONS, nearest, shown
from metanet.sources import Net
from metanet.uncompiled import uncompiled
from metanet.views.encoding import BINS, Moments, NumberEncoder, Standard

FEATURES = "node_features"
"""The option of metanets that read features of nodes."""


class Viewed(Reader, options=OPTIONS):
    """A metanet that sees views of networks beside what it reads itself (`metanet.views`).

        model = metanet.Viewed("gmn", {"hidden": 32, "layers": 2}, views=["statistics"])
        model.observe([batch])                   # training networks, before training
        prediction = model(batch)                # views that the batch lacks are computed

    Views of nodes, standardised over the nodes of training networks, enter the metanet as features
    of nodes, or pooled over nodes where it takes none. Views of networks pass a piecewise-linear
    encoding of `bins` bins, dropout (`view_dropout`) and a linear map, and stand beside the
    metanet's state at the head; so do, read as a set, the networks' answers to `learned_inputs`
    inputs that are learned along. `net` is the architecture for a metanet that is made for one;
    for learned inputs, any with the inputs and outputs of the networks.
    """

    def __init__(
        self,
        metanet: str = "gmn",
        settings: Mapping[str, Any] | None = None,
        views: Sequence[str] = ("statistics",),
        outputs: int = 1,
        *,
        width: int = 128,
        bins: int = BINS,
        dropout: float = 0.1,
        view_dropout: float = 0.3,
        learned_inputs: int = 0,
        net: Net | None = None,
    ) -> None:
        super().__init__()
        kind, options = registered(metanet), dict(settings or {})
        takes = FEATURES in inspect.signature(kind).parameters
        self.inputs = ViewInputs(views, pooled=not takes)
        self.brought = options.get(FEATURES, 0)
        columns = self.inputs.node_columns
        if columns:
            options[FEATURES] = self.brought + columns
        if net is not None and needs_net(kind, options):
            options["net"] = net
        self.metanet = kind(**options)
        self.standard = Standard(columns) if columns else None
        self.encoder: NumberEncoder | None = None
        if numbers := self.inputs.columns:
            self.encoder = NumberEncoder(numbers, width, bins, view_dropout)
        seen = self.metanet.width + (width if numbers else 0)
        self.points: InputPoints | None = None
        if learned_inputs:
            if net is None:
                raise MetanetError(
                    f"`learned_inputs` is {learned_inputs}, and `net` is missing: an architecture "
                    "with the inputs and outputs of the networks"
                )
            self.points = InputPoints(net, learned_inputs)
            self.reader = AnswerReader(net, learned_inputs, max(1, width // 4))
            seen += self.reader.width
        self.head = head(seen, width, outputs, dropout)
        if type(self.metanet).embed is not Metanet.embed:
            self.metanet.head = nn.Identity()  # it would not be trained

    @property
    def settings(self) -> dict[str, Any]:
        """All arguments that made it, resolved, those of the metanet inside too."""
        own = {k: v for k, v in self.metanet.settings.items() if k != "net"}
        if FEATURES in own:
            own[FEATURES] = self.brought
        return {**self._settings, "settings": own}

    @settings.setter
    def settings(self, given: dict[str, Any]) -> None:
        self._settings = given

    @torch.no_grad()
    def observe(self, batches: Iterable[Batch]) -> None:
        """Take bins, means and deviations of views from the training networks."""
        numbers, nodes = [], Moments(self.inputs.node_columns)
        for batch in batches:
            if self.encoder is not None:
                numbers.append(self.inputs.numbers(batch))
            if self.standard is not None:
                for part in batch.parts:
                    nodes.add(self.inputs.nodes(part))
        if self.encoder is not None and numbers:
            self.encoder.observe(torch.cat(numbers))
        if self.standard is not None:
            self.standard.observe(nodes)

    def embed(self, batch: Batch) -> Tensor:
        """Give the metanet's state of each network, and beside it those of views and answers."""
        seen = [self.metanet.embed(self.with_nodes(batch))]
        if self.encoder is not None:
            seen.append(self.encoder(self.inputs.numbers(batch)))
        if self.points is not None:
            seen.append(self.reader(batch, self.points()))
        return torch.cat(seen, dim=1)

    @uncompiled
    def with_nodes(self, batch: Batch) -> Batch:
        """Give a batch whose nodes have the views of nodes as features."""
        if self.standard is None:
            return batch
        return Batch(tuple(self.part_with_nodes(part, self.standard) for part in batch.parts))

    def part_with_nodes(self, part: Part, standard: Standard) -> Part:
        """Put the views of nodes behind the features that a part brings."""
        beside = [] if part.nodes is None else [part.nodes]
        seen = standard(self.inputs.nodes(part))
        return replace(part, nodes=torch.cat([*beside, seen], dim=2))


def registered(name: str) -> type[Metanet]:
    """Find the metanet inside; `MetanetError` for an unknown one, and for one that has views."""
    from metanet.models.registry import METANETS

    if not isinstance(name, str) or name not in METANETS:
        raise MetanetError(
            f"`metanet`: unknown metanet {shown(name)}, expected another; "
            f"{nearest(name, list(METANETS))}"
        )
    kind = METANETS[name]
    if "views" in inspect.signature(kind).parameters:
        raise MetanetError(
            f"`metanet` is {name!r}, expected one that does not read views by itself: give its own "
            "`views` to it"
        )
    return kind


def needs_net(kind: type[Metanet], options: Mapping[str, Any]) -> bool:
    """Say whether a metanet with such options is made for one architecture."""
    parameter = inspect.signature(kind).parameters.get("net")
    if parameter is None or "net" in options:
        return False
    return parameter.default is inspect.Parameter.empty or bool(options.get("probes"))
