"""Where a network comes from: architectures and weights, from files, names or memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

import spec
from graphgen.errors import GraphError, concerning, described
from graphgen.files import read_weights
from graphgen.files.model_kind import FOLDER, check_architecture, model_kind
from spec import Architecture
from spec.reference import names as reference_networks

Net: TypeAlias = Architecture | str | os.PathLike[str]
"""An architecture, the path of its YAML file or of a model, or the name of a reference network.

Models are ONNX files, exported programs of PyTorch (`.pt2`), and folders of Hugging Face.
"""

Weights: TypeAlias = Mapping[str, NDArray[Any]] | str | os.PathLike[str]
"""Arrays by name; or the path of a file, an index of shards, a folder, or a model."""


def architecture_from(net: Net, argument: str = "net") -> Architecture:
    """Give the architecture that an argument stands for, with the variables' default values.

        architecture_from("net.yaml")
        architecture_from("resnet")         # a reference network, one of spec.names()

    A name without a suffix is a reference network unless there is such a file. Models of other
    frameworks are imported. Raises `GraphError` for what is no architecture and for a file that is
    not there, `SpecError` for what is wrong in a file.
    """
    if isinstance(net, Architecture):
        return net
    if not isinstance(net, (str, os.PathLike)):
        raise GraphError(
            f"`{argument}` is {described(net)}; expected an Architecture, the path of its YAML "
            "file or of a model, or the name of a reference network; spec.load and spec.loads make "
            "one"
        )
    path = Path(os.fsdecode(net))
    if not is_there(path):
        found = reference_networks(published=str(net).startswith("published/"))
        if str(net) in found:
            return spec.load(str(net))
        raise GraphError(
            f"`{argument}`: there is no file {str(path)!r:.200} (from {Path.cwd()}), and no "
            f"reference network of this name, which are {', '.join(found)}"
        )
    if model_kind(path) is not None:
        from graphgen.importers import read_model

        return read_model(path).net
    check_architecture(path)
    return spec.load(path)


def network_from(
    net: Net, weights: Weights | None, argument: str = "weights"
) -> tuple[Architecture, Weights]:
    """Give the architecture and the weights that two arguments stand for.

    Where the weights are left out, they are those of the model that `net` is; `GraphError` where it
    is none.
    """
    if not isinstance(net, (str, os.PathLike)) or weights is not None:
        architecture = architecture_from(net)
    elif is_there(path := Path(os.fsdecode(net))) and model_kind(path) is not None:
        from graphgen.importers import read_model

        imported = read_model(path)
        return imported.net, imported.weights
    else:
        architecture = architecture_from(net)
    if weights is None:
        raise GraphError(
            f"`{argument}` is None; expected arrays by name or the path of a file: only a model "
            "(.onnx, .pt2, a folder of Hugging Face) has weights of its own"
        )
    return architecture, weights


def weights_of_model(weights: object) -> dict[str, NDArray[Any]] | None:
    """Give the weights of a model in a file, by the names that its import gives; None of others.

    What a folder of Hugging Face has is read from its own files.
    """
    if not isinstance(weights, (str, os.PathLike)):
        return None
    path = Path(os.fsdecode(weights))
    if not is_there(path) or model_kind(path) in (None, FOLDER):
        return None
    from graphgen.importers import read_model

    return read_model(path).weights


def is_there(path: Path) -> bool:
    """Say whether something stands at a path; a name that no file can have is not there."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def output_path(path: object, argument: str) -> Path:
    """Give the path that a file is to be written to; `GraphError` if it is no path."""
    if isinstance(path, (str, os.PathLike)):
        name = os.fsdecode(path)
        try:
            Path(name).is_dir()
        except OSError as error:
            raise GraphError(
                f"`{argument}`: {name!r:.200} cannot be a file ({error.strerror}); check the path"
            ) from error
        if name not in ("", ".") and "\0" not in name:
            return Path(name)
    raise GraphError(f"`{argument}` is {described(path)}; expected the path of a file to write")


def weights_from(weights: Weights, argument: str = "weights") -> dict[str, NDArray[Any]]:
    """Give the arrays by name that an argument stands for; errors name the file or the argument.

    weights_from("net.safetensors")["head.weight"].shape
    """
    if isinstance(weights, (str, os.PathLike)):
        return read_weights(weights)
    with concerning(f"`{argument}`"):
        return read_weights(weights)


def place_of(weights: Weights, argument: str = "weights") -> str:
    """Name where weights come from: their file, or the argument that holds them."""
    if isinstance(weights, (str, os.PathLike)):
        return os.fsdecode(weights)
    return f"`{argument}`"
