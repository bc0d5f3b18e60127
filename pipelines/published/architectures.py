"""The architectures of published sets: files beside this one, with their variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import spec
from pipelines.errors import PipelineError
from spec import Architecture, SpecError

FOLDER = Path(__file__).parent / "nets"
REFERENCES = Path(spec.__file__).parent / "nets"
"""The reference networks, of which some are those of published sets."""


def architecture(name: str, variables: Mapping[str, Any], place: object) -> Architecture:
    """Give an architecture of these files for values of its variables.

        architecture("small_cnn_zoo", {"activation": "tanh"}, "metrics.csv.gz, row 3")

    `place` is where the values come from. Raises `PipelineError` where there is no such network.
    """
    try:
        return _expanded(name, json.dumps(variables, sort_keys=True, allow_nan=False))
    except SpecError as error:
        told = error.problems[0].message
        shown = ", ".join(f"{key}={value!r}" for key, value in variables.items())
        raise PipelineError(
            f"{place}: with {shown:.400}, {name} is no network: {told}; is it of this set?"
        ) from None


@lru_cache(maxsize=512)
def _expanded(name: str, variables: str) -> Architecture:
    folder = FOLDER if (FOLDER / f"{name}.yaml").exists() else REFERENCES
    return spec.load(folder / f"{name}.yaml", **json.loads(variables))
