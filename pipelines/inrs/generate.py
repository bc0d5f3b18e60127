"""Generating a zoo of INRs: the work behind `gmn inrs`."""

from __future__ import annotations

import json
import os
from typing import Any

from pipelines import signals
from pipelines.devices import CPU, devices_of
from pipelines.inrs.settings import read_settings
from pipelines.inrs.task import fit_stack
from pipelines.plugins import foreign
from pipelines.zoo.fields import AnySettings
from pipelines.zoo.work import Work, make_zoo

_MODULES = ["pipelines.inrs.task"]
_PRELOAD = ["pipelines.inrs.task", "pipelines.inrs.fit"]
_PRELOAD_FOR_SIGNALS = {"digits": ["sklearn.datasets"]}


def generate(
    settings_file: AnySettings,
    out_folder: str | os.PathLike[str],
    workers: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
    device: str = CPU,
) -> dict[str, Any]:
    """Fit the INRs of a zoo, or those that a folder still lacks; give the zoo's index.

        index = generate("params.yaml", "out/inrs", workers=2)

    All is as with `pipelines.zoo.generate`: networks depend on the settings alone, whatever the
    number of `workers` and however often the work was interrupted. Those of one stack are made
    together: where one is missing, all are fitted again. On a `device` as `cuda`
    (`pipelines.devices.devices_of`), which has one worker unless more are asked for, numbers are
    those of the device, equal to others by rounding only.

    Raises `SpecError` for mistakes in the settings, `PipelineError` for a folder that holds another
    zoo and for a device that is not there, and `GraphError` for a folder that holds anything else,
    and while another process works there.
    """
    devices = devices_of(device)
    if CPU not in devices:
        workers = workers or len(devices)
    settings = read_settings(settings_file)
    text = json.dumps(settings.plain())
    others = foreign([signals.NAMES[settings.signals["name"]]], settings.architecture.description)
    size = settings.together

    def describe(call: tuple[Any, ...]) -> str:
        first = call[1] * size
        return f"networks {first} to {min(first + size, settings.count) - 1}"

    work = Work(
        task=fit_stack,
        calls=lambda missing: [
            (text, number, devices[number % len(devices)])
            for number in sorted({i // size for i in missing})
        ],
        describe=describe,
        preload=[*_PRELOAD, *_PRELOAD_FOR_SIGNALS.get(settings.signals["name"], [])],
        modules=_MODULES,
        how={
            **({} if CPU in devices else {"device": devices[0].partition(":")[0]}),
            **({"plugins": others} if others else {}),
        },
    )
    return make_zoo(out_folder, settings, work, workers, replace, scheduler)
