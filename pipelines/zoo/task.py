"""The task of a worker: train one network or one stack, given the zoo's settings and indices."""

from __future__ import annotations

import json
import threading
from functools import lru_cache

from pipelines import datasets
from pipelines.datasets import Dataset
from pipelines.errors import PipelineError
from pipelines.zoo.record import records
from pipelines.zoo.sampling import plan
from pipelines.zoo.settings import ZooSettings

_alone = threading.Lock()


def train(settings: str, index: int) -> list[bytes]:
    """Train network `index` of a zoo, whose settings come as JSON; give its encoded records.

    A process reads the settings and the data set once, and works on one thread.
    """
    # The parent of a pool imports this module to name the task, and needs no torch for that.
    import torch

    from pipelines.zoo.fit import fit_checkpoints

    # A Dask worker may have several threads; they would draw from one generator.
    with _alone:
        torch.set_num_threads(1)
        zoo, dataset = _prepare(settings)
        planned = plan(zoo, index)
        fitted = fit_checkpoints(planned, dataset, zoo.checkpoints)
        return [one.encode() for one in records(planned, fitted)]


def train_stack(
    settings: str, indices: tuple[int, ...], wanted: tuple[int, ...], device: str
) -> list[bytes]:
    """Train the networks of a stack on a device; give the encoded records of those wanted.

    The others are trained too, since a stack's bits depend on all of its networks.
    """
    import torch

    from pipelines.zoo.fit_stack import fit_stack_checkpoints

    torch.set_num_threads(1)
    zoo, dataset = _prepare(settings)
    plans = [plan(zoo, index) for index in indices]
    try:
        fitted = fit_stack_checkpoints(plans, dataset, zoo.checkpoints, device)
    except torch.OutOfMemoryError as error:
        raise PipelineError(
            f"{device}: its memory is too small for a stack of {len(indices)} networks "
            f"(network {indices[0]} and others, of family {plans[0].family!r}): give a smaller "
            f"`--stack`, or fewer `--workers`; what is finished is kept ({error})"
        ) from None
    return [
        one.encode()
        for planned, results in zip(plans, fitted, strict=True)
        if planned.index in wanted
        for one in records(planned, results)
    ]


@lru_cache(maxsize=1)
def _prepare(settings: str) -> tuple[ZooSettings, Dataset]:
    zoo = ZooSettings.from_plain(json.loads(settings))
    data = datasets.load(zoo.dataset)
    return zoo, Dataset(
        data.name,
        data.train_images[: zoo.train_samples],
        data.train_labels[: zoo.train_samples],
        data.test_images[: zoo.test_samples],
        data.test_labels[: zoo.test_samples],
        data.classes,
    )
