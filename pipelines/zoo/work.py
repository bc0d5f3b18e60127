"""The work on a zoo's folder: workers make what is missing, and the store keeps it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from graphgen.files import exclusive
from graphgen.files.destination import making
from pipelines.errors import PipelineError
from pipelines.extras import require
from pipelines.progress import progress
from pipelines.provenance import code_of, made_with
from pipelines.workers import begin_server, opened, run_all
from pipelines.zoo.identity import StoredSettings
from pipelines.zoo.index import INDEX
from pipelines.zoo.record import Record
from pipelines.zoo.replace import claim_folder, open_store
from pipelines.zoo.store import Store

GRAPHS = (
    *("graphgen.canonical", "graphgen.checkpoint", "graphgen.compile", "graphgen.evaluate.graph"),
    *("graphgen.graph", "graphgen.graph_set", "graphgen.importers", "graphgen.lower"),
    *("graphgen.template", "graphgen.verify", "metanet.options"),
)
"""What reads models and compiles graphs, and takes no part in the training of a network."""


@dataclass(frozen=True)
class Work:
    """What workers do for a zoo.

    Attributes:
        task: an importable function of plain data; it gives an encoded `Record`, or several.
        calls: the calls of it that make the networks of these numbers, and perhaps others.
        describe: what messages say that a call makes.
        preload: modules that are slow to import in a worker.
        modules: those whose code, with all that they import, decides what the networks are.
        how: the way that the networks are made, where another way makes others.
        apart: packages that they import and whose code decides nothing.
    """

    task: Callable[..., bytes | list[bytes]]
    calls: Callable[[list[int]], Sequence[tuple[Any, ...]]]
    describe: Callable[[tuple[Any, ...]], str]
    preload: Sequence[str]
    modules: Sequence[str]
    how: Mapping[str, Any] = field(default_factory=dict)
    apart: tuple[str, ...] = GRAPHS


def make_zoo(
    out_folder: str | os.PathLike[str],
    settings: StoredSettings,
    work: Work,
    workers: int | None = None,
    replace: bool = False,
    scheduler: str | None = None,
    on_network: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Make a zoo, or what its folder still lacks of it; give its index.

    The arguments are those of `pipelines.zoo.generate`, as are the errors.
    """
    if workers is not None and workers < 1:
        raise PipelineError(f"`workers` is {workers}; expected 1 or more")
    if scheduler is None:
        require("torch")
    folder = Path(out_folder)
    try:
        claim_folder(folder)
        if scheduler is None and (replace or not (folder / INDEX).exists()):
            begin_server(work.preload)  # which imports while this process reads what is there
        code = code_of(*work.modules, apart=work.apart)
        made = {"code": code, "how": work.how, "with": made_with()}
        with (
            _stopping_on_sigterm(),
            making(folder),
            exclusive(folder),
            open_store(folder, settings, made, _say, replace) as store,
        ):
            _make_missing(store, work, workers, scheduler, on_network)
            return store.finish()
    except OSError as error:
        raise PipelineError(
            f"{error.filename or folder}: {error.strerror or error}; what is finished is kept: "
            "remove the cause, then run the same command again"
        ) from error


def _make_missing(
    store: Store,
    work: Work,
    workers: int | None,
    scheduler: str | None,
    on_network: Callable[[Mapping[str, Any]], None] | None,
) -> None:
    missing = set(store.missing())
    if not missing:
        return
    calls = work.calls(sorted(missing))
    count = store.settings.records
    shown = progress("zoo", "network", count, count - len(missing))
    with shown, opened(len(calls), workers, scheduler, work.preload) as (crew, ahead):
        for made in run_all(crew, work.task, calls, ahead, work.describe):
            for encoded in [made] if isinstance(made, bytes) else made:
                about = Record.decode(encoded).about
                if about["index"] in missing:
                    store.add(encoded)
                    shown.update()
                    if on_network is not None:
                        on_network(about)


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


def _say(message: str) -> None:
    print(message, file=sys.stderr)
