"""An editor: a trained metanet that writes new weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from graphgen import Graph
from metanet import Batch
from pipelines.errors import PipelineError
from pipelines.tasks import task_of
from pipelines.training.trained import Trained


class Editor:
    """What a trained editor makes of networks.

    editor = Editor.load("out/train/gmn-seed0")
    ((edited,),) = editor.edit([graph])        # graphs, by member of the ensemble and by network
    """

    def __init__(self, trained: Trained) -> None:
        task = task_of(trained.task)
        if not task.editor:
            raise PipelineError(
                f"a model of the task {task.name!r} writes no weights; apply it by `gmn predict`"
            )
        self.trained = trained

    @classmethod
    def load(cls, folder: str | Path) -> Editor:
        """Read an editor; `PipelineError` if the folder holds none."""
        return cls(Trained.load(folder))

    def edit(self, graphs: Sequence[Graph]) -> list[list[Graph]]:
        """Edit networks: for each member of the ensemble, whose outputs are to be averaged."""
        self.trained.model.eval()
        with torch.no_grad():
            members = self.trained.model(Batch.from_graphs(graphs))
        return [member.graphs(graphs) for member in members]
