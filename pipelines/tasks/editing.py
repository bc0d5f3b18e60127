"""Editing: new weights, so that INRs of images decode to edited images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphgen import GraphSet
from metanet import Batch, make_editor
from metanet.batch import Part, float_offsets
from pipelines.errors import PipelineError
from pipelines.inrs.decode import decode, psnr
from pipelines.signals import SignalSet
from pipelines.tasks.edits import EDITS
from pipelines.tasks.encoded import signal_of, signals_of
from pipelines.tasks.task import EVALUATED_AT_ONCE, Measured, Task, batch_of, place_of
from spec import Architecture

EXAMPLES = 8
SIGNED = 4
"""How many times a squared error of values from 0 to 1 is one of the same values from -1 to 1."""


class Editing(Task):
    """Edit INRs by `edit`, so that they decode to the edited originals of their images.

    Minimises the mean squared error over all points of the grid, or over `points_per_step` of them,
    drawn anew for each batch. The values of an ensemble's members are averaged. Values lie in
    [0, 1]; `signed_mse` is the error of the same images on the scale from -1 to 1.
    """

    name = "editing"
    properties: ClassVar[Mapping[str, Any]] = {
        "edit": {"enum": list(EDITS)},
        "points_per_step": {"type": ["integer", "null"], "minimum": 1},
    }
    required = ("edit",)
    editor = True
    learned: ClassVar[Mapping[str, Any]] = {"additionalProperties": False}

    def __init__(
        self, settings: Mapping[str, Any], graph_set: GraphSet, networks: int | None
    ) -> None:
        super().__init__(settings, graph_set, networks)
        self.edit = EDITS[settings["edit"]]
        self.signals = images_of(graph_set)
        first = signal_of(self.signals, graph_set.records[self.indices["train"][0]])
        self.coordinates = torch.from_numpy(first.coordinates)

    def make(self, name: str, settings: Mapping[str, Any]) -> nn.Module:
        return make_editor(name, **settings)

    def trained(self, model: nn.Module) -> nn.Module:
        return EditedValues(model)

    def loss(self, module: Any, chosen: Sequence[int]) -> Tensor:
        points, wanted = self.coordinates, self.edited(self.originals(chosen))
        count = self.settings.get("points_per_step")
        if count is not None and count < len(points):
            drawn = torch.randperm(len(points))[:count]
            points, wanted = points[drawn], wanted[:, drawn]
        found = self.values(module, chosen, points)
        return nn.functional.mse_loss(found, wanted.to(found.device))

    def state(self, model: nn.Module) -> dict[str, Any]:
        return {}

    def measure(
        self, model: nn.Module, state: Mapping[str, Any], chosen: Sequence[int]
    ) -> Measured:
        module = EditedValues(model)
        names = ("mse", "unedited_mse", "reconstruction_mse")
        columns: dict[str, list[float]] = {name: [] for name in names}
        for i in range(0, len(chosen), EVALUATED_AT_ONCE):
            shown = self.show(module, chosen[i : i + EVALUATED_AT_ONCE])
            pairs = (("after", "target"), ("before", "target"), ("before", "original"))
            for name, (one, other) in zip(names, pairs, strict=True):
                errors = (shown[one] - shown[other]).square().mean((1, 2))
                columns[name] += errors.double().tolist()
        columns["signed_mse"] = [SIGNED * error for error in columns["mse"]]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        means = {name: float(np.mean(column)) for name, column in columns.items()}
        ratio = float(np.mean(psnr(columns["mse"], 1.0)))
        return Measured({"mse": means.pop("mse"), "psnr": ratio, **means}, rows)

    def validate(self, module: nn.Module, model: nn.Module) -> dict[str, float]:
        measured = self.measure(model, {}, self.indices["validation"]).scores
        return {"validation_loss": measured["mse"], "validation_psnr": measured["psnr"]}

    def examples(self, model: nn.Module) -> dict[str, NDArray[Any]]:
        chosen = self.indices["test"][:EXAMPLES]
        if not chosen:
            return {}
        shown = self.show(EditedValues(model), chosen)
        shape = (len(chosen), *(self.signals.shape or ()), self.signals.channels)
        return {
            name: np.ascontiguousarray(shown[name].reshape(shape).numpy())
            for name in ("before", "after", "target")
        }

    def show(self, module: nn.Module, chosen: Sequence[int]) -> dict[str, Tensor]:
        """Give values of some networks at all points, (networks, P, c): by what they are."""
        module.eval()
        original = self.originals(chosen)
        with torch.no_grad():
            return {
                "original": original,
                "target": self.edited(original),
                "before": self.values(EditedValues(lambda batch: (batch,)), chosen),
                "after": self.values(module, chosen).cpu(),
            }

    def values(self, module: Any, chosen: Sequence[int], points: Tensor | None = None) -> Tensor:
        """Decode edited networks at points, (networks, P, c)."""
        offsets = [self.graph_set.records[i]["offset"] for i in chosen]
        place = place_of(module)
        result: Tensor = module(
            batch_of(self.graph_set, chosen, module),
            (self.coordinates if points is None else points).to(place),
            torch.tensor(offsets, device=place),
            self.graph_set.architectures,
        )
        return result

    def originals(self, chosen: Sequence[int]) -> Tensor:
        """Give the values of the images that some networks encode, (networks, P, c)."""
        originals = (signal_of(self.signals, self.graph_set.records[i]) for i in chosen)
        return torch.from_numpy(np.stack([signal.values for signal in originals]))

    def edited(self, values: Tensor) -> Tensor:
        """Edit images given as values at all points, (networks, P, c)."""
        images = values.reshape(len(values), *(self.signals.shape or ()), values.shape[2])
        return self.edit(images).reshape(values.shape)


class EditedValues(nn.Module):
    """What edited networks compute: the mean of their values over an editor's members."""

    def __init__(self, editor: Any) -> None:
        super().__init__()
        self.editor = editor

    def forward(
        self,
        batch: Batch,
        points: Tensor,
        offsets: Tensor,
        architectures: Mapping[str, Architecture],
    ) -> Tensor:
        """Decode the edited networks of a batch at points, (networks, P, c)."""
        members = self.editor(batch)
        values = [
            torch.cat(
                [
                    decode(
                        architectures[part.template.architecture],
                        weights_of(part),
                        points,
                        offsets[list(part.positions)],
                    )
                    for part in member.parts
                ]
            )[batch.order]
            for member in members
        ]
        return torch.stack(values).mean(0)


def weights_of(part: Part) -> dict[str, Tensor]:
    """Give the tensors of a part's networks by name, (networks, ...)."""
    offsets = float_offsets(part.template)
    return {
        tensor.name: part.tensor(tensor.name).reshape(-1, *tensor.shape)
        for tensor in part.template.tensors
        if tensor.name in offsets
    }


def images_of(graph_set: GraphSet) -> SignalSet:
    """Load the images that the networks of a graph set encode; `PipelineError` if they do not."""
    found = signals_of(graph_set)
    if found is None:
        raise PipelineError(
            f"{graph_set.folder}: this graph set does not say which signals its networks encode, "
            "which editing needs; compile it from a zoo of INRs (`gmn inrs`)"
        )
    if found.shape is None:
        name = graph_set.index["about"]["signals"]["name"]
        raise PipelineError(
            f"{graph_set.folder}: these networks encode {name}; edits are of images"
        )
    return found
