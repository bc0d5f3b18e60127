"""Watching runs: what a caller is told of each epoch, in the caller's own process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lightning_fabric.loggers.logger import Logger

OnEpoch = Callable[[str, Mapping[str, object]], None]
Loggers = Sequence[Logger] | Callable[[str], Sequence[Logger]]


@dataclass(frozen=True)
class Watch:
    """Who is told of epochs; runs that are watched work one after the other, in this process.

    Attributes:
        on_epoch: called with the name of the run and the row of its history.
        loggers: Fabric's, which are given the numbers; or a function of a run's name that gives
            those of this run.
    """

    on_epoch: OnEpoch | None = None
    loggers: Loggers = ()

    def __bool__(self) -> bool:
        return self.on_epoch is not None or bool(self.loggers)

    def loggers_of(self, run: str) -> list[Logger]:
        """Give the loggers of a run."""
        return list(self.loggers(run) if callable(self.loggers) else self.loggers)

    def callbacks_of(self, run: str) -> list[object]:
        """Give the callbacks of a run, as Fabric calls them."""
        return [] if self.on_epoch is None else [Telling(run, self.on_epoch)]


@dataclass(frozen=True)
class Telling:
    """A callback that tells a function of each epoch of a run."""

    run: str
    on_epoch: OnEpoch

    def on_epoch_end(self, row: Mapping[str, object]) -> None:
        """Tell of an epoch."""
        self.on_epoch(self.run, dict(row))


NOBODY = Watch()
