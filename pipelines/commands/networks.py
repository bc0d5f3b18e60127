"""The networks that commands read: an architecture in YAML with its weights, or a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.errors import PipelineError

if TYPE_CHECKING:
    from graphgen import Checkpoint
    from spec import Architecture


def architecture_of(net: Path, variables: Mapping[str, Any]) -> Architecture:
    """Read an architecture from its YAML file, with values for its variables, or from a model."""
    return read(net, variables)[0]


def network_of(
    net: Path, weights: Path | None, variables: Mapping[str, Any]
) -> tuple[Architecture, Checkpoint, Path]:
    """Read an architecture and its weights, which a model has itself, and say where these are."""
    import graphgen

    architecture, own = read(net, variables)
    if weights is not None:
        return architecture, graphgen.Checkpoint.read(architecture, weights), weights
    if own is None:
        raise click.UsageError(
            "an architecture in YAML needs WEIGHTS: a .safetensors, .npz or .pt file, or a folder "
            "with one"
        )
    return architecture, graphgen.Checkpoint.read(architecture, own), net


def read(net: Path, variables: Mapping[str, Any]) -> tuple[Architecture, dict[str, Any] | None]:
    """Read an architecture, and the weights of a model; None of a YAML file."""
    import spec
    from graphgen.files.model_kind import check_architecture, model_kind
    from graphgen.sources import reference_networks

    if not net.exists() and str(net) in reference_networks():
        net = Path(spec.__file__).parent / "nets" / f"{net}.yaml"
    if model_kind(net) is None:
        check_architecture(net)
        return spec.load(net, **variables), None
    if variables:
        raise PipelineError(
            f"{net}: a model has no variables to set ({', '.join(variables)}); write its "
            f"architecture by `gmn import {net} -o net.yaml`, and change that"
        )
    from graphgen.importers import read_model

    imported = read_model(net)
    return imported.net, imported.weights


def is_model(path: Path) -> bool:
    """Say whether a path is that of a model, which has weights of its own."""
    from graphgen.files.model_kind import model_kind

    return model_kind(path) is not None
