"""A trained flow in its folder: parameters, and the settings that make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from metanet import Flow, Moments
from pipelines.errors import PipelineError
from pipelines.generation.moments import checked_moments
from pipelines.generation.population import architecture_of, check_network
from pipelines.generation.settings import ALIGNMENTS, EDITORS, MOST_FREQUENCIES, RESERVED, TRAINING
from pipelines.runs.collection import run_folder
from pipelines.runs.restore import State, restored
from pipelines.runs.result import SETTINGS, WEIGHTS, read_result, result_kind, save_result
from pipelines.settings import NAME
from pipelines.training.seen import SEEN
from spec import Architecture

LARGEST = 2**53
LABELS: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "maxLength": 1000},
        {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
    ]
}
"""What the value of a label may be, of which classes are made."""
OFFSET: dict[str, Any] = {"type": "number", "minimum": -1e30, "maximum": 1e30}
FLOW = result_kind(
    "flow",
    {
        "name": {"type": "string", **NAME, "not": {"enum": RESERVED}},
        "net": {"type": "object"},
        "offset": OFFSET,
        "label": {"type": ["string", "null"]},
        "classes": {"type": "array", "items": LABELS, "maxItems": 65536},
        "settings": {
            "type": "object",
            "additionalProperties": False,
            "required": ["editor", "classes", "reference", "frequencies", "along", "settings"],
            "properties": {
                "editor": {"enum": EDITORS},
                "classes": {"type": "integer", "minimum": 0, "maximum": 65536},
                "reference": {"type": "boolean"},
                "frequencies": {"type": "integer", "minimum": 1, "maximum": MOST_FREQUENCIES},
                "along": {"type": "integer", "minimum": 1, "maximum": 65536},
                "settings": {"type": "object"},
            },
        },
        "alignment": {"enum": ALIGNMENTS},
        "principal": {"type": "integer", "minimum": 0},
        "training": {**TRAINING, "required": [*TRAINING["required"], "average"]},
        "trained_on": SEEN,
        "scores": {
            "type": "object",
            "additionalProperties": False,
            "required": ["validation"],
            "properties": {
                "validation": {
                    "type": "object",
                    "required": ["loss"],
                    "properties": {"loss": {"type": "number"}},
                }
            },
        },
    },
    "`gmn flow`",
)


@dataclass
class TrainedFlow:
    """A flow, the architecture whose networks it draws, and what their signals' classes are.

        trained = TrainedFlow.load("out/flow/gmn-seed0")

    `label` names the label that `classes` are values of, in the order of their numbers; `about` is
    the rest of what the run says of itself, such as what it was `trained_on`, and its `scores`.
    """

    net: Architecture
    flow: Flow
    offset: float
    label: str | None = None
    classes: Sequence[Any] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run(self) -> str:
        """The identity of the run."""
        return str(self.about["run"])

    def save(
        self,
        folder: str | Path,
        about: Mapping[str, Any],
        rows: Sequence[Mapping[str, object]] = (),
    ) -> None:
        """Write the run's result: parameters, all settings with all options, and its history."""
        settings = {
            **about,
            "net": self.net.resolved(),
            "settings": self.flow.settings,
            "offset": self.offset,
            "label": self.label,
            "classes": list(self.classes),
        }
        save_result(Path(folder), FLOW, self.flow, settings, rows)

    @classmethod
    def load(cls, folder: str | Path) -> TrainedFlow:
        """Read a flow.

        Raises `GraphError` if the folder holds none, or files that were changed or that another
        version wrote, and `PipelineError` for settings that make no such flow.
        """
        result = read_result(run_folder(folder), FLOW)
        settings = result.settings
        path = result.folder / SETTINGS
        classes, label = settings["classes"], settings["label"]
        if len(classes) != settings["settings"]["classes"] or (label is None and classes):
            raise PipelineError(
                f"{path}: classes: got {len(classes)} of the label {label!r}, expected "
                f"{settings['settings']['classes']}, as `settings` says"
            )
        net = architecture_of(path, settings["net"])
        check_network(net, path)

        def make(state: State) -> Flow:
            kept = {name: state[name].numpy() for name in names if name in state}
            moments = checked_moments(kept, net, result.folder / WEIGHTS)
            return Flow(net, moments, **settings["settings"])

        names = [one.name for one in fields(Moments)]
        flow = restored(result, make, settings["settings"]["settings"])
        own = ("net", "settings", "offset", "label", "classes", "parts", "format", "version")
        about = {key: value for key, value in settings.items() if key not in own}
        return cls(net, flow, settings["offset"], label, classes, about)
