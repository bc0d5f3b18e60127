"""The tensors of a network in a file of PyTorch, and what else the file tells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.errors import GraphError
from graphgen.files.torch_data import Described, read_torch_data
from pipelines.errors import PipelineError

Arrays = dict[str, NDArray[Any]]


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a file whose content is a mapping; `PipelineError` for anything else."""
    try:
        data = read_torch_data(path)
    except (GraphError, OSError) as error:
        raise PipelineError(f"{error}") from None
    if not isinstance(data, dict):
        raise PipelineError(f"{path}: holds no mapping of names; is it a network of this set?")
    return data


def tensors_of(path: Path, data: object, place: str = "") -> Arrays:
    """Give the weights and biases of a mapping, which is a `state_dict`."""
    if not isinstance(data, Mapping):
        raise PipelineError(f"{path}: {place or 'it'} is no mapping of names to tensors")
    own = {
        name: value
        for name, value in data.items()
        if isinstance(name, str) and isinstance(value, np.ndarray)
    }
    if not any(name.endswith("weight") for name in own):
        raise PipelineError(f"{path}: {place or 'it'} has no weights; unpack the archive again")
    return own


def integer(value: Any) -> int | None:
    """Give an integer, be it a tensor of one element; None for anything else."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iu":
        return int(value.reshape(())[()])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def settings_of(value: Any) -> Any:
    """Give settings that a file holds as an object, as plain data: OmegaConf's, and dataclasses."""
    if isinstance(value, Described):
        state = value.state
        if not isinstance(state, Mapping):
            return None
        for name in ("_content", "_val"):  # of OmegaConf's containers and of its values
            if name in state:
                return settings_of(state[name])
        return settings_of(state)
    if isinstance(value, Mapping):
        return {name: settings_of(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [settings_of(item) for item in value]
    return value
