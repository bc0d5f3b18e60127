"""Zoos in no time: their networks are drawn, not trained, in the process that asks for them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import Executor, Future
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipelines.inrs.members import stack
from pipelines.inrs.settings import InrSettings
from pipelines.inrs.task import _record
from pipelines.zoo.record import records
from pipelines.zoo.sampling import plan
from pipelines.zoo.settings import ZooSettings

MADE: dict[str, Any] = {"code": "1", "how": {}, "with": {"torch": "2.0"}}


class Inline(Executor):
    """A pool of no processes: a call is made where it is asked for."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def train(settings: str, index: int) -> list[bytes]:
    """Draw network `index` of a zoo, in the place of `pipelines.zoo.task.train`."""
    zoo = ZooSettings.from_plain(json.loads(settings))
    planned = plan(zoo, index)
    score = random.Random(index).random()
    metrics = {"test_accuracy": score, "test_loss": 1 - score, "train_loss": 1 - score}
    fitted: list[Any] = [
        SimpleNamespace(
            status="trained", weights=draw(planned.net, index + 99 * k), metrics=metrics
        )
        for k in range(zoo.checkpoints)
    ]
    return [one.encode() for one in records(planned, fitted)]


def fit_stack(settings: str, number: int, device: str) -> list[bytes]:
    """Draw a stack of INRs, in the place of `pipelines.inrs.task.fit_stack`."""
    zoo = InrSettings.from_plain(json.loads(settings))
    return [
        _record(
            zoo, zoo.net, one, {"frequency": 1.5}, draw(zoo.net, one.index),
            {"psnr": 20.0 + one.index, "loss": 0.1},
        ).encode()
        for one in stack(zoo, number)
    ]  # fmt: skip


def draw(net: Any, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(size=tensor.shape).astype(tensor.dtype)
        for name, tensor in net.tensors.items()
    }


def use_toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `gmn zoo` and `gmn inrs` draw their networks."""
    monkeypatch.setattr("pipelines.workers.crew.ProcessPool", Inline)
    # A function of the same name hides each of these modules in its package.
    monkeypatch.setattr(import_module("pipelines.zoo.generate"), "train", train)
    monkeypatch.setattr(import_module("pipelines.inrs.generate"), "fit_stack", fit_stack)


def contents(folder: Path) -> dict[str, bytes]:
    """Give the files of a folder by name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
