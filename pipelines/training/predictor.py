"""A predictor: a trained metanet with what it predicts and on which scale."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphgen import Graph, GraphError, GraphSet
from graphgen.files import read_weights, write_json, write_safetensors
from metanet import Batch, Metanet, make_metanet
from pipelines.errors import PipelineError

SETTINGS_FILE, WEIGHTS_FILE = "settings.json", "model.safetensors"


@dataclass
class Predictor:
    """A metanet that predicts `target`, standardised by `mean` and `deviation`.

    predictor = Predictor.load("out/train/gmn-seed0")
    predictor.predict([graph])                 # float array (1,)
    """

    name: str
    model: Metanet
    target: str
    mean: float
    deviation: float

    def predict_batch(self, batch: Batch) -> NDArray[np.float64]:
        """Predict for the networks of a batch, in the target's own units."""
        self.model.eval()
        with torch.no_grad():
            output = self.model(batch)[:, 0].double().numpy()
        result: NDArray[np.float64] = output * self.deviation + self.mean
        return result

    def predict(self, graphs: Sequence[Graph]) -> NDArray[np.float64]:
        """Predict for graphs, float64 (len(graphs),)."""
        return self.predict_batch(Batch.from_graphs(graphs))

    def predict_set(
        self, graph_set: GraphSet, indices: Sequence[int], batch_size: int = 64
    ) -> NDArray[np.float64]:
        """Predict for networks of a graph set, float64 (len(indices),)."""
        parts = [
            self.predict_batch(Batch.from_set(graph_set, indices[i : i + batch_size]))
            for i in range(0, len(indices), batch_size)
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    def save(self, folder: str | Path, **more: Any) -> None:
        """Write weights and settings; the settings come last, so their file marks completion."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = {k: v.detach().cpu().numpy() for k, v in self.model.state_dict().items()}
        write_safetensors(folder / WEIGHTS_FILE, state)
        settings = {
            "model": self.name,
            "settings": self.model.settings,
            "target": self.target,
            "mean": self.mean,
            "deviation": self.deviation,
            **more,
        }
        write_json(folder / SETTINGS_FILE, settings)

    @classmethod
    def load(cls, folder: str | Path) -> Predictor:
        """Read a predictor; `PipelineError` if the folder holds none."""
        folder = Path(folder)
        settings = read_settings(folder)
        if settings is None:
            raise PipelineError(
                f"{folder}: no finished training run here ({SETTINGS_FILE} is missing); expected "
                "a folder such as out/train/gmn-seed0"
            )
        model = make_metanet(settings["model"], **settings["settings"])
        try:
            arrays = read_weights(folder / WEIGHTS_FILE)
            state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
            model.load_state_dict(state)
        except (GraphError, RuntimeError) as error:
            raise PipelineError(f"{folder / WEIGHTS_FILE}: {error}") from None
        return cls(
            settings["model"], model, settings["target"], settings["mean"], settings["deviation"]
        )


def read_settings(folder: Path) -> dict[str, Any] | None:
    """Read a finished run's settings; None where there is none."""
    try:
        result: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PipelineError(f"{folder / SETTINGS_FILE}: not readable as JSON: {error}") from None
    return result
