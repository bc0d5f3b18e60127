"""What a flow has to beat: networks whose numbers are normal, and know nothing of each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from graphgen.errors import GraphError
from graphgen.files import read_weights, write_weights
from pipelines.errors import PipelineError
from pipelines.generation.moments import Moments, by_parameter, by_tensor
from pipelines.generation.population import Population, Rows

FILE = "moments.safetensors"
BASELINES = ("gaussian_by_tensor", "gaussian_by_parameter")


def moments_of(population: Population) -> dict[str, Moments]:
    """Give the moments of the training networks for each baseline: by tensor, by parameter."""
    train = population.split("train")
    return dict(
        zip(BASELINES, (by_tensor(population.template, train), by_parameter(train)), strict=True)
    )


def save_moments(folder: Path, moments: Mapping[str, Moments]) -> None:
    """Keep the moments in the folder of the flows."""
    arrays: dict[str, Rows] = {}
    for name, own in moments.items():
        arrays |= {f"{name}.mean": own.mean, f"{name}.deviation": own.deviation}
    write_weights(folder / FILE, arrays)


def read_moments(folder: Path) -> dict[str, Moments]:
    """Read the moments that `gmn flow` kept; none where there is no such file."""
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        arrays = read_weights(path)
        return {
            name: Moments(arrays[f"{name}.mean"].copy(), arrays[f"{name}.deviation"].copy())
            for name in BASELINES
        }
    except (GraphError, KeyError) as error:
        raise PipelineError(f"{path}: {error}; run `gmn flow` again") from None


def gaussian(moments: Moments, noise: Tensor) -> Tensor:
    """Turn normal noise (N, P) into networks with these moments."""
    return noise * torch.from_numpy(moments.deviation) + torch.from_numpy(moments.mean)
