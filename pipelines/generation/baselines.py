"""What a flow has to beat: networks whose numbers are normal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from graphgen.files import open_safetensors, write_safetensors
from metanet import Moments
from metanet.models.flow.moments import by_parameter, by_tensor, principal
from pipelines.generation.moments import checked_moments
from pipelines.generation.population import Population, Rows
from spec import Architecture

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


def write_moments(path: Path, moments: Mapping[str, Moments]) -> None:
    """Write the moments of all baselines to a file."""
    arrays: dict[str, Rows] = {}
    for name, own in moments.items():
        arrays |= {f"{name}.{field}": array for field, array in own.arrays().items()}
    write_safetensors(path, arrays)


def read_moments(path: Path, net: Architecture) -> dict[str, Moments]:
    """Read the moments of networks that `write_moments` wrote, for each baseline.

    Raises `GraphError` for no such file, `PipelineError` for one without such moments.
    """
    file = open_safetensors(path)
    result = {}
    for baseline in BASELINES:
        start = f"{baseline}."
        names = [name for name in file if name.startswith(start)]
        own = {name.removeprefix(start): np.array(file[name]) for name in names}
        result[baseline] = checked_moments(own, net, path)
    return result
