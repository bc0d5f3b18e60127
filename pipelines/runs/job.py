"""A job: one model and one seed, made in a hidden folder and kept in a plain one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from lightning_fabric import Fabric
from lightning_fabric.loggers.csv_logs import CSVLogger

from graphgen.errors import GraphError
from graphgen.files import Kind
from graphgen.files.destination import making
from graphgen.files.sealed import parts_of, read_part, staged
from pipelines.devices import CPU
from pipelines.runs.result import complete_result, read_settings
from pipelines.runs.together import FULL, work_on
from pipelines.runs.watch import NOBODY, Watch


class Job(ABC):
    """What can be executed in a process of its own, and taken up again where it was stopped.

    Attributes:
        kind: what its result is.
        out: the folder of all runs of the stage.
    """

    kind: ClassVar[Kind]
    out: Path

    @property
    @abstractmethod
    def stage(self) -> str:
        """The command that makes such runs, as `train`."""

    @property
    @abstractmethod
    def folder_name(self) -> str:
        """The name of the run's folder, such as `gmn-seed0`."""

    @property
    @abstractmethod
    def hash(self) -> str:
        """The identity of everything that decides the run's result."""

    @property
    @abstractmethod
    def epochs(self) -> int:
        """The number of epochs."""

    @property
    def work_left(self) -> float:
        """An estimate of what there is to do, in a unit of the stage: by default, epochs."""
        return self.epochs

    @property
    def imports(self) -> tuple[str, ...]:
        """What it imports while it works, so that a worker has imported it already."""
        return (type(self).__module__,)

    @property
    def precision(self) -> str:
        """The precision of its products: one of `pipelines.settings.PRECISION`."""
        return FULL

    @abstractmethod
    def work(self, fabric: Fabric) -> None:
        """Work in `work_folder`, which is there, and save the result, in the first process."""

    def execute(
        self,
        processes: int = 1,
        device: str = CPU,
        log: Path | None = None,
        watch: Watch = NOBODY,
    ) -> None:
        """Do the work on a device, or go on where a stopped job left off.

        `processes` share each batch. The numbers of each epoch are written as they come to a table
        in the folder `log`, if there is one, and told to who is to `watch`. A job that cannot begin
        leaves no folder.
        """
        name = self.folder_name
        own = [CSVLogger(log, name, flush_logs_every_n_steps=1)] if log else []
        loggers = [*own, *watch.loggers_of(name)]
        with making(self.work_folder):
            work_on(self.work, device, processes, self.precision, loggers, watch.callbacks_of(name))

    @property
    def folder(self) -> Path:
        """Where the result is kept."""
        return self.out / self.folder_name

    @property
    def work_folder(self) -> Path:
        """Where the result is made: beside its place, hidden, and this run's alone."""
        return staged(self.out, self.folder_name, self.hash)

    def finished(self) -> bool:
        """Say whether the result is there, be it in its place or where it was made."""
        return any(self._is_mine(folder) for folder in (self.folder, self.work_folder))

    def place(self) -> Path:
        """Find the result: in its place, or where it was made."""
        return self.folder if self._is_mine(self.folder) else self.work_folder

    def complete(self) -> None:
        """Leave nothing unfinished in a finished result that is not in its place yet."""
        if self._is_mine(self.work_folder):
            complete_result(self.work_folder, self.kind)

    def displaced(self) -> bool:
        """Say whether the result of another run stands in this one's place."""
        return self.folder.exists() and not self._is_mine(self.folder)

    def about(self) -> dict[str, Any]:
        """Give what the result says of the run that made it."""
        return {"run": self.hash}

    def _is_mine(self, folder: Path) -> bool:
        try:
            settings = read_settings(folder, self.kind)
        except GraphError:
            return False
        if settings is None or settings["run"] != self.hash:
            return False
        return self._intact(folder, settings)

    def _intact(self, folder: Path, settings: Mapping[str, Any]) -> bool:
        try:
            for name in parts_of(settings):
                read_part(folder, settings, name)
        except GraphError:
            return False
        return True
