"""Where a run is computed: on a device, by one process or by several that share each batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.accelerators import ACCELERATOR_REGISTRY
from lightning_fabric.loggers.logger import Logger
from lightning_fabric.plugins.precision import MixedPrecision, Precision
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.single_device import SingleDeviceStrategy
from torch import Tensor

from graphgen.errors import GraphError
from metanet.errors import MetanetError
from pipelines.devices import CPU, check_bfloat16
from pipelines.errors import PipelineError

FULL = "float32"
Work = Callable[[Fabric], None]


def work_on(
    work: Work,
    device: str = CPU,
    processes: int = 1,
    precision: str = FULL,
    loggers: Sequence[Logger] = (),
    callbacks: Sequence[object] = (),
) -> None:
    """Let `work` be done on a device, or by several processes, each of which does all of it.

        work_on(run.work, "cuda:1")

    It is given the Fabric of its process. With several, the GPUs of this machine have one each if
    `device` is one, and one thread on the CPU otherwise. What the first process raises is raised.
    """
    place = torch.device(device)
    if precision != FULL:
        check_bfloat16(place)
    if processes == 1:
        work(alone(place, precision, loggers, callbacks))
        return
    on_gpus = place.type == "cuda"
    if on_gpus and processes > torch.cuda.device_count():
        raise PipelineError(
            f"`processes` is {processes}, but there are {torch.cuda.device_count()} GPUs: each "
            "process needs one"
        )
    strategy = DDPStrategy(
        start_method="spawn", process_group_backend="nccl" if on_gpus else "gloo"
    )
    fabric = Fabric(
        accelerator=place.type,
        devices=processes,
        strategy=strategy,
        plugins=products_in(precision, place),
        loggers=list(loggers),
    )
    error = fabric.launch(partial(attempted, work))
    if error is not None:
        raise error


def alone(
    device: torch.device,
    precision: str = FULL,
    loggers: Sequence[Logger] = (),
    callbacks: Sequence[object] = (),
) -> Fabric:
    """Give the Fabric of a process that works on a device without others.

    run.work(alone(torch.device("cuda:1"), callbacks=[mine]))
    """
    accelerator = ACCELERATOR_REGISTRY.get(device.type if device.type in ("cuda", "mps") else CPU)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return Fabric(
        strategy=SingleDeviceStrategy(device=device, accelerator=accelerator),
        devices=1,
        plugins=products_in(precision, device),
        loggers=list(loggers),
        callbacks=list(callbacks),
    )


def products_in(precision: str, device: torch.device) -> Precision:
    """Give what computes products in a precision, one of `pipelines.settings.PRECISION`."""
    return Precision() if precision == FULL else MixedPrecision("bf16-mixed", device.type)


def attempted(work: Work, fabric: Fabric) -> Exception | None:
    """Work as one of several processes; give the error, which all of them have, if there is one."""
    torch.set_num_threads(1)
    try:
        work(fabric)
    except (GraphError, MetanetError, PipelineError) as error:
        return error
    return None


def own_places(count: int, fabric: Fabric) -> tuple[Sequence[int], float]:
    """Give the places in a batch that are this process's, and by what its mean loss counts.

    The mean over processes is then the mean over the batch. A process without a place of its own
    takes one along that counts nothing.
    """
    own = range(fabric.global_rank, count, fabric.world_size)
    return own or range(1), len(own) * fabric.world_size / count


def average_gradients(parameters: Sequence[Tensor], fabric: Fabric) -> None:
    """Give each parameter its gradient's mean over the processes; none where none has one."""
    if fabric.world_size == 1:
        return
    has = [p.grad is not None for p in parameters]
    flat = torch.cat(
        [(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in parameters]
        + [parameters[0].new_tensor(has)]
    )
    reduced: Any = fabric.all_reduce(flat, reduce_op="mean")
    *parts, anywhere = reduced.split([p.numel() for p in parameters] + [len(parameters)])
    for parameter, part, found in zip(parameters, parts, anywhere.tolist(), strict=True):
        parameter.grad = part.view_as(parameter) if found else None


def mean_over_processes(value: float, fabric: Fabric) -> float:
    """Average a number over the processes."""
    if fabric.world_size == 1:
        return value
    reduced: Any = fabric.all_reduce(torch.tensor(value, dtype=torch.float64), reduce_op="mean")
    return float(reduced)
