"""The published sets by name: how each is opened, and what may be said of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import PipelineError
from pipelines.published import (
    cnn_wild_park,
    dwsnets_inrs,
    huggingface,
    model_zoos,
    nfn_inrs,
    small_cnn_zoo,
)
from pipelines.published.network_set import NetworkSet
from pipelines.zoo.fields import REQUIRED, Field
from spec.fields import FieldError
from spec.suggestions import suggest


@dataclass(frozen=True)
class Reader:
    """A reader of a published set.

    Attributes:
        open: looks through a folder, by the values of the options.
        options: what may be said beside the folder; `split` and `table` are files.
        paper: where the set was published.
    """

    open: Callable[[Path, Mapping[str, Any]], NetworkSet]
    options: Mapping[str, Field]
    paper: str


SETS: Mapping[str, Reader] = {
    "small_cnn_zoo": Reader(small_cnn_zoo.SmallCnnZoo, small_cnn_zoo.OPTIONS, small_cnn_zoo.PAPER),
    "cnn_wild_park": Reader(cnn_wild_park.CnnWildPark, cnn_wild_park.OPTIONS, cnn_wild_park.PAPER),
    "model_zoos": Reader(model_zoos.ModelZoos, model_zoos.OPTIONS, model_zoos.PAPER),
    "dwsnets_inrs": Reader(dwsnets_inrs.DwsnetsInrs, dwsnets_inrs.OPTIONS, dwsnets_inrs.PAPER),
    "nfn_inrs": Reader(nfn_inrs.NfnInrs, nfn_inrs.OPTIONS, nfn_inrs.PAPER),
    "huggingface": Reader(huggingface.HuggingFace, huggingface.OPTIONS, huggingface.PAPER),
}


def open_set(
    name: str, folder: str | os.PathLike[str], options: Mapping[str, Any] | None = None
) -> NetworkSet:
    """Open a published set that lies unpacked in a folder; nothing but its tables is read yet.

        networks = open_set("small_cnn_zoo", "data/cifar10", {"checkpoints": "all"})
        print(len(networks.networks), networks.read(networks.networks[0][-1]).metrics)

    Raises `PipelineError` for a folder that is not of this set, and for options it does not have.
    """
    if name not in SETS:
        hint = suggest(name, SETS) or f"; there are {', '.join(SETS)}"
        raise PipelineError(f"there is no published set {name!r}{hint}")
    reader, given = SETS[name], dict(options or {})
    values: dict[str, Any] = {}
    for option, entry in reader.options.items():
        value = given.pop(option, entry.default)
        if value is REQUIRED:
            raise PipelineError(f"{name} needs the option `{option}`")
        try:
            values[option] = value if value is entry.default else entry.convert(value)
        except FieldError as error:
            raise PipelineError(f"{name}: `{option}`: {error}") from None
    if given:
        raise PipelineError(
            f"{name} has no option {', '.join(given)}; it has {', '.join(reader.options) or 'none'}"
        )
    path = Path(folder)
    if not path.is_dir():
        raise PipelineError(f"{path}: is no folder; name that of the unpacked archive of {name}")
    opened = reader.open(path, values)
    if not any(opened.networks):
        raise PipelineError(f"{path}: has no networks of {name}; is it the folder of that set?")
    return opened
