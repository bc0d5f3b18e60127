"""Making a zoo of a published set: the work behind `gmn zoo`, where the settings name one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from pipelines.published.settings import read_settings
from pipelines.published.task import read_networks
from pipelines.zoo.fields import AnySettings
from pipelines.zoo.work import Work, make_zoo

AT_ONCE = 64
"""Networks that a worker reads in a call."""


def generate(
    settings_file: AnySettings,
    out_folder: str | os.PathLike[str],
    workers: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
    on_network: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Make a zoo of a published set, or what a folder still lacks of it; give the zoo's index.

        index = generate("params.yaml", "out/zoo", workers=2)

    All is as with `pipelines.zoo.generate`: the zoo depends on the settings and the set alone, and
    may be interrupted. The workers of a `scheduler` have to see the set's folder.
    """
    settings = read_settings(settings_file)
    text = json.dumps(settings.located())

    def calls(missing: list[int]) -> list[tuple[Any, ...]]:
        starts = sorted({index // AT_ONCE * AT_ONCE for index in missing})
        return [(text, start, min(start + AT_ONCE, settings.records)) for start in starts]

    work = Work(
        task=read_networks,
        calls=calls,
        describe=lambda call: f"networks {call[1]} to {call[2] - 1}",
        preload=["pipelines.published.task"],
        modules=["pipelines.published.task"],
        apart=(),
    )
    return make_zoo(out_folder, settings, work, workers, replace, scheduler, on_network)
