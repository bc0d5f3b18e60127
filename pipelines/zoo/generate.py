"""Generating a zoo: the work behind `gmn zoo`."""

from __future__ import annotations

import json
import os
from typing import Any

from pipelines.zoo.settings import read_settings
from pipelines.zoo.task import train
from pipelines.zoo.work import Work, make_zoo

# What is slow to import in a worker; the fork server imports it once for all of them.
_PRELOAD = ["pipelines.zoo.fit"]
_PRELOAD_FOR_DATASET = {"digits": ["sklearn.datasets"]}


def generate(
    settings_file: str | os.PathLike[str],
    out_folder: str | os.PathLike[str],
    workers: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Train the networks of a zoo, or those that a folder still lacks; give the zoo's index.

        index = generate("params.yaml", "out/zoo", workers=2)

    Equal settings give equal zoos, whatever the number of `workers` (processes; by default one for
    each CPU that may be used), and however often the work was interrupted. A folder that is
    finished is verified and left alone; one that holds a zoo of other settings is refused, or
    emptied of it with `replace`. Progress and damaged files are reported on stderr.

    `scheduler` is the address of a Dask scheduler whose workers are to do the work, each with this
    package and the data set at hand; `local` starts one.

    Raises `SpecError` for mistakes in the settings, `PipelineError` for a folder that holds a zoo
    of other settings and for a network that cannot be trained, and `GraphError` while another
    process works in the folder.
    """
    settings = read_settings(settings_file)
    text = json.dumps(settings.plain())
    work = Work(
        task=train,
        calls=lambda missing: [(text, index) for index in missing],
        describe=lambda call: f"network {call[1]}",
        preload=[*_PRELOAD, *_PRELOAD_FOR_DATASET.get(settings.dataset, [])],
    )
    return make_zoo(out_folder, settings, work, workers, replace, scheduler)
