"""What a flow has to beat: networks whose numbers are normal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from graphgen.errors import GraphError
from graphgen.files import read_weights, write_weights
from pipelines.errors import PipelineError
from pipelines.generation.moments import Moments, by_parameter, by_tensor, principal
from pipelines.generation.population import Population, Rows

FILE = "moments.safetensors"
DIRECTIONS = 1024
BASELINES = ("gaussian_by_tensor", "gaussian_by_parameter", "gaussian_by_covariance")


def moments_of(population: Population) -> dict[str, Moments]:
    """Give the moments of the training networks for each baseline.

    By tensor, by parameter, and with principal directions, so many that they are nearly all of
    those of a small network.
    """
    train, template = population.split("train"), population.template
    return {
        "gaussian_by_tensor": by_tensor(template, train),
        "gaussian_by_parameter": by_parameter(train),
        "gaussian_by_covariance": principal(template, train, min(DIRECTIONS, *train.shape) - 1),
    }


def save_moments(folder: Path, moments: Mapping[str, Moments]) -> None:
    """Keep the moments in the folder of the flows."""
    arrays: dict[str, Rows] = {}
    for name, own in moments.items():
        arrays |= {f"{name}.{field}": array for field, array in own.arrays().items()}
    write_weights(folder / FILE, arrays)


def read_moments(folder: Path) -> dict[str, Moments]:
    """Read the moments that `gmn flow` kept; none where there is no such file."""
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        arrays = read_weights(path)
        return {
            name: Moments(
                **{
                    key.removeprefix(f"{name}."): array.copy()
                    for key, array in arrays.items()
                    if key.startswith(f"{name}.")
                }
            )
            for name in BASELINES
        }
    except (GraphError, TypeError) as error:
        raise PipelineError(f"{path}: {error}; run `gmn flow` again") from None


def gaussian(moments: Moments, noise: Tensor) -> Tensor:
    """Turn normal noise (N, P) into networks with these moments."""
    x = noise * math.sqrt(moments.rest)
    if len(moments.directions):
        directions = torch.from_numpy(moments.directions)
        scales = torch.from_numpy(moments.variances).sqrt() - math.sqrt(moments.rest)
        x = x + (noise @ directions.T * scales) @ directions
    return x * torch.from_numpy(moments.deviation) + torch.from_numpy(moments.mean)
