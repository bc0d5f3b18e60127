"""Progress of long work: a bar at a terminal, and elsewhere a line now and then, on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from pipelines.errors import PipelineError

VARIABLE = "GMN_PROGRESS"
"""The environment variable that says how progress is shown: one of `MODES`."""
MODES = ("auto", "bar", "lines", "off")
SECONDS = 30.0
"""From one line to the next."""


def progress(label: str, unit: str, total: int, done: int = 0) -> Progress:
    """Show how far some work is, in the way that GMN_PROGRESS asks for.

        with progress("zoo", "network", total=3) as shown:
            shown.update()

    Nothing is shown where it is `off`; by default (`auto`) it is a `bar` at a terminal and `lines`
    elsewhere, of which the first comes after half a minute. Raises `PipelineError` for a way that
    there is not.
    """
    chosen = os.environ.get(VARIABLE) or "auto"
    if chosen not in MODES:
        raise PipelineError(f"{VARIABLE} is {chosen!r}; expected one of {', '.join(MODES)}")
    if chosen == "auto":
        chosen = "bar" if sys.stderr.isatty() else "lines"
    if chosen == "bar" and find_spec("tqdm") is not None:
        return Bar(label, unit, total, done)
    return Progress(total, done) if chosen == "off" else Lines(label, total, done)


class Progress(AbstractContextManager["Progress"]):
    """Progress that nobody sees; `seconds` says how often it is worth a look."""

    seconds: float | None = None

    def __init__(self, total: int, done: int) -> None:
        self.total, self.done = total, done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def update(self, amount: int = 1, words: str = "") -> None:
        """Count what was done, with words on what is left."""
        self.done += amount


class Bar(Progress):
    """A bar that moves."""

    seconds = 0.5

    def __init__(self, label: str, unit: str, total: int, done: int) -> None:
        from tqdm import tqdm

        super().__init__(total, done)
        self.bar = tqdm(total=total, initial=done, desc=label, unit=unit)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.close()

    def update(self, amount: int = 1, words: str = "") -> None:
        super().update(amount)
        if words:
            self.bar.set_postfix_str(words, refresh=False)
        self.bar.update(amount)


class Lines(Progress):
    """A line now and then, which a log keeps."""

    seconds = SECONDS

    def __init__(
        self, label: str, total: int, done: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(total, done)
        self.label, self.clock, self.first = label, clock, done
        self.begun = self.told = clock()

    def update(self, amount: int = 1, words: str = "") -> None:
        super().update(amount)
        now = self.clock()
        if now - self.told < SECONDS or self.done >= self.total:
            return
        self.told, spent = now, now - self.begun
        line = f"{self.label}: {self.done} of {self.total}, {lasted(spent)} so far"
        if (made := self.done - self.first) > 0:
            line += f", about {lasted(spent / made * (self.total - self.done))} left"
        print(", ".join(filter(None, [line, words])), file=sys.stderr, flush=True)


def lasted(seconds: float) -> str:
    """Write a time: `lasted(75)` is "0:01:15"."""
    return str(timedelta(seconds=round(seconds)))
