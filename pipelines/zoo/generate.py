"""Generating a zoo: the work behind `gmn zoo`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

from pipelines import datasets
from pipelines.devices import AUTO, CPU, devices_of
from pipelines.errors import PipelineError
from pipelines.plugins import foreign
from pipelines.zoo.fields import AnySettings
from pipelines.zoo.sampling import plan
from pipelines.zoo.settings import ZooSettings, read_settings
from pipelines.zoo.stack import LIMIT, stacks
from pipelines.zoo.task import train, train_stack
from pipelines.zoo.work import Work, make_zoo

_MODULES = ["pipelines.zoo.task"]
_MODULES_OF_STACKS = ["pipelines.zoo.stack"]
# What is slow to import in a worker; the fork server imports it once for all of them.
_PRELOAD = ["pipelines.zoo.task", "pipelines.zoo.fit", "torch._dynamo"]
_PRELOAD_FOR_DATASET = {"digits": ["sklearn.datasets"]}


def generate(
    settings_file: AnySettings,
    out_folder: str | os.PathLike[str],
    workers: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
    device: str | None = None,
    stack: int | None = None,
    on_network: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Train the networks of a zoo, or those that a folder still lacks; give the zoo's index.

        index = generate("params.yaml", "out/zoo", workers=2)

    Equal settings give equal zoos, whatever the number of `workers` (processes; by default one for
    each CPU that may be used), and however often the work was interrupted. A folder that is
    finished is verified and left alone; one that holds a zoo of other settings, or made by other
    code, is refused; with `replace`, it stays until the new one, made beside it, is whole. A zoo
    that was begun is finished with the versions that it was begun with. Progress and damaged files
    are reported on stderr.

    `scheduler` is the address of a Dask scheduler whose workers are to do the work, each with this
    package and the data set at hand; `local` starts one.

    `device`, as `cuda` (`pipelines.devices.devices_of`), trains many networks at once: those of one
    architecture in stacks of at most `stack` (by default 256), each stack by one of `workers`
    processes (by default one for each device). Where there is no GPU, `auto` trains one by one.
    Such a zoo is another than that of one by one, up to rounding and the masks of dropout; it is
    the same each time on the same device, with the same `stack`.

    Where the settings name a published set, its networks are read, not trained. `on_network` is
    called with what the index says of each network that is made, as soon as it is.

    Raises `SpecError` for mistakes in the settings, `PipelineError` for a folder that holds another
    zoo, for a network that cannot be trained and for a device that is not there, and `GraphError`
    for a folder that holds anything else, and while another process works there.
    """
    # These import what a zoo is made of.
    from pipelines.published.generate import generate as read_published
    from pipelines.published.settings import asks_for_published

    for name, value in (("workers", workers), ("stack", stack)):
        if value is not None and value < 1:
            raise PipelineError(f"`{name}` is {value}; expected 1 or more")
    if device is not None:
        if scheduler is not None:
            raise PipelineError(
                f"got both the device {device!r} and the scheduler {scheduler!r}; expected one of "
                "them: a cluster trains networks one by one, on CPUs"
            )
        devices = devices_of(device)
        if device == AUTO and devices == [CPU]:
            device = None
    if device is None and stack is not None:
        raise PipelineError(f"`stack` is {stack}, but there is no `device` to train stacks on")
    if asks_for_published(settings_file):
        if device is not None:
            raise PipelineError(
                f"got the device {device!r}, but the networks of a published set are read, not "
                "trained: leave `device` out"
            )
        return read_published(settings_file, out_folder, workers, replace, scheduler, on_network)
    settings = read_settings(settings_file)
    if device is None:
        work = _one_by_one(settings)
    else:
        work, workers = _in_stacks(settings, devices, stack or LIMIT), workers or len(devices)
    return make_zoo(out_folder, settings, work, workers, replace, scheduler, on_network)


def _one_by_one(settings: ZooSettings) -> Work:
    text = json.dumps(settings.plain())
    return Work(
        task=train,
        calls=lambda missing: [(text, index) for index in networks(missing, settings)],
        describe=lambda call: f"network {call[1]}",
        preload=_preload(settings),
        modules=_MODULES,
        how=_by_plugins(settings),
    )


def _in_stacks(settings: ZooSettings, devices: Sequence[str], limit: int) -> Work:
    text = json.dumps(settings.plain())

    def calls(missing: list[int]) -> list[tuple[Any, ...]]:
        lacking = set(networks(missing, settings))
        # Stacks are those of the whole zoo, whatever is there: else an interruption would change
        # them.
        grouped = stacks((plan(settings, index) for index in range(settings.count)), limit)
        wanted = [tuple(index for index in members if index in lacking) for members in grouped]
        pairs = zip(grouped, wanted, cycle(devices), strict=False)
        return [(text, members, own, device) for members, own, device in pairs if own]

    return Work(
        task=train_stack,
        calls=calls,
        describe=lambda call: f"the stack of network {call[1][0]}",
        preload=_preload(settings),
        modules=[*_MODULES, *_MODULES_OF_STACKS],
        how={
            "device": devices[0].partition(":")[0],
            "stack": limit,
            **_by_plugins(settings),
        },
    )


def _by_plugins(settings: ZooSettings) -> dict[str, Any]:
    """Say which packages that are not ours have a part in a zoo; nothing where there are none."""
    descriptions = [family.description for family in settings.architectures]
    found = foreign([datasets.NAMES[settings.dataset]], descriptions)
    return {"plugins": found} if found else {}


def networks(missing: list[int], settings: ZooSettings) -> list[int]:
    """List the networks that records are missing of."""
    return sorted({index // settings.checkpoints for index in missing})


def _preload(settings: ZooSettings) -> list[str]:
    return [*_PRELOAD, *_PRELOAD_FOR_DATASET.get(settings.dataset, [])]
