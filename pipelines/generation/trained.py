"""A trained flow in its folder: parameters, and the settings that make it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from graphgen import GraphError
from pipelines.errors import PipelineError
from pipelines.generation.flow import Flow
from pipelines.generation.moments import Moments
from pipelines.training.result import WEIGHTS_FILE, read_settings, read_state, save_result
from spec import Architecture, from_resolved


@dataclass
class TrainedFlow:
    """A flow, the architecture whose networks it draws, and what their signals' classes are.

        trained = TrainedFlow.load("out/flow/gmn-seed0")

    `settings` are the keyword arguments of `Flow`; `label` names the label that `classes` are
    values of, in the order of their numbers.
    """

    net: Architecture
    flow: Flow
    settings: dict[str, Any]
    offset: float
    run: str
    label: str | None = None
    classes: Sequence[Any] = ()

    def save(self, folder: str | Path, **more: Any) -> None:
        """Write parameters and settings; the settings come last, so their file marks completion."""
        settings = {
            "net": self.net.resolved(),
            "settings": self.settings,
            "offset": self.offset,
            "run": self.run,
            "label": self.label,
            "classes": list(self.classes),
        }
        save_result(folder, self.flow, {**settings, **more})

    @classmethod
    def load(cls, folder: str | Path) -> TrainedFlow:
        """Read a flow; `PipelineError` if the folder holds none."""
        folder = Path(folder)
        settings = read_settings(folder)
        if settings is None or "net" not in settings:
            raise PipelineError(
                f"{folder}: no finished flow here; expected a folder of `gmn flow`, "
                "such as out/flow/gmn-seed0"
            )
        net = from_resolved(settings["net"])
        try:
            state = read_state(folder)
            kept = [field.name for field in fields(Moments)]
            moments = Moments(**{name: state[name].numpy() for name in kept})
            flow = Flow(net, moments, **settings["settings"])
            flow.load_state_dict(state)
        except (GraphError, KeyError, RuntimeError) as error:
            raise PipelineError(f"{folder / WEIGHTS_FILE}: {error}") from None
        names = ("settings", "offset", "run", "label", "classes")
        return cls(net, flow, **{name: settings[name] for name in names})
