"""Generating a zoo: the work behind `gmn zoo`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from types import FrameType
from typing import Any

from tqdm import tqdm

from graphgen.files import exclusive
from pipelines.errors import PipelineError
from pipelines.zoo.cluster import AHEAD, Cluster
from pipelines.zoo.device import check_device
from pipelines.zoo.pool import ProcessPool, run_all
from pipelines.zoo.replace import remove_other_zoo
from pipelines.zoo.sampling import plan
from pipelines.zoo.settings import ZooSettings, read_settings
from pipelines.zoo.stack import LIMIT, stacks
from pipelines.zoo.store import Store
from pipelines.zoo.task import train, train_stack

# What is slow to import in a worker; the fork server imports it once for all of them.
_PRELOAD = ["pipelines.zoo.fit"]
_PRELOAD_FOR_DATASET = {"digits": ["sklearn.datasets"]}


def generate(
    settings_file: str | os.PathLike[str],
    out_folder: str | os.PathLike[str],
    workers: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
    device: str | None = None,
    stack: int | None = None,
) -> dict[str, Any]:
    """Train the networks of a zoo, or those that a folder still lacks; give the zoo's index.

        index = generate("params.yaml", "out/zoo", workers=2)

    Equal settings give equal zoos, whatever the number of `workers` (processes; by default one for
    each CPU that may be used), and however often the work was interrupted. A folder that is
    finished is verified and left alone; one that holds a zoo of other settings is refused, or
    emptied of it with `replace`. Progress and damaged files are reported on stderr.

    `scheduler` is the address of a Dask scheduler whose workers are to do the work, each with this
    package and the data set at hand; `local` starts one.

    `device`, as `cuda`, trains many networks at once: those of one architecture in stacks of at
    most `stack` (by default 256), each stack by one of `workers` processes (by default one) that
    share the device. Such a zoo is another than that of one by one, up to rounding and the masks of
    dropout; it is the same each time on the same device, with the same `stack`.

    Raises `SpecError` for mistakes in the settings, `PipelineError` for a folder that holds a zoo
    of other settings, for a network that cannot be trained and for a device that is not there, and
    `GraphError` while another process works in the folder.
    """
    for name, value in (("workers", workers), ("stack", stack)):
        if value is not None and value < 1:
            raise PipelineError(f"`{name}` is {value}; expected 1 or more")
    if device is not None:
        if scheduler is not None:
            raise PipelineError(
                f"got both the device {device!r} and the scheduler {scheduler!r}; expected one of "
                "them: a cluster trains networks one by one, on CPUs"
            )
        check_device(device)
    elif stack is not None:
        raise PipelineError(f"`stack` is {stack}, but there is no `device` to train stacks on")
    settings = read_settings(settings_file)
    folder = Path(out_folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _stopping_on_sigterm(), exclusive(folder):
            if replace:
                remove_other_zoo(folder, settings)
            with Store(folder, settings, _say) as store:
                if device is None:
                    _train_missing(store, settings, workers or _cpus(), scheduler)
                else:
                    _train_missing_stacks(store, settings, workers or 1, device, stack or LIMIT)
                return store.finish()
    except OSError as error:
        raise PipelineError(
            f"{error.filename or folder}: {error.strerror or error}; what is finished is kept: "
            "remove the cause, then run the same command again"
        ) from error


def _train_missing(
    store: Store, settings: ZooSettings, workers: int, scheduler: str | None
) -> None:
    missing = store.missing()
    if not missing:
        return
    workers = min(workers, len(missing))
    text = json.dumps(settings.plain())
    calls = [(text, index) for index in missing]
    pool: Executor
    if scheduler is None:
        pool, ahead = _pool(workers, settings), _ahead(workers)
    else:
        pool, ahead = Cluster(scheduler, workers), AHEAD
    with _bar(settings, missing) as bar, pool:
        for encoded in run_all(pool, train, calls, ahead, lambda c: f"network {c[1]}"):
            store.add(encoded)
            bar.update()


def _train_missing_stacks(
    store: Store, settings: ZooSettings, workers: int, device: str, limit: int
) -> None:
    missing = store.missing()
    if not missing:
        return
    text = json.dumps(settings.plain())
    # Stacks are those of the whole zoo, whatever is there: else an interruption would change them.
    grouped = stacks((plan(settings, index) for index in range(settings.count)), limit)
    lacking = set(missing)
    wanted = [tuple(index for index in members if index in lacking) for members in grouped]
    calls = [(text, m, w, device) for m, w in zip(grouped, wanted, strict=True) if w]
    workers = min(workers, len(calls))
    with _bar(settings, missing) as bar, _pool(workers, settings) as pool:
        for networks in run_all(
            pool, train_stack, calls, _ahead(workers), lambda c: f"the stack of network {c[1][0]}"
        ):
            for encoded in networks:
                store.add(encoded)
                bar.update()


def _pool(workers: int, settings: ZooSettings) -> ProcessPool:
    return ProcessPool(workers, [*_PRELOAD, *_PRELOAD_FOR_DATASET.get(settings.dataset, [])])


def _ahead(workers: int) -> int:
    return 2 * workers  # one call for each worker lies ready, so that none waits for the disk


def _bar(settings: ZooSettings, missing: Sequence[int]) -> tqdm:
    return tqdm(
        total=settings.count,
        initial=settings.count - len(missing),
        desc="zoo",
        unit="net",
        mininterval=0.2 if sys.stderr.isatty() else 10,
    )


@contextlib.contextmanager
def _stopping_on_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind the stack, as Ctrl-C does; the exit status stays that of the signal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _say(message: str) -> None:
    print(message, file=sys.stderr)
