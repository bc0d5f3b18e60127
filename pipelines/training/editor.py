"""An editor: a trained metanet that writes new weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from graphgen import Checkpoint, Graph
from graphgen.errors import GraphError
from graphgen.files import Kind, claim_file, replacing, write_weights
from graphgen.files.sealed import PARTS
from metanet import Batch
from pipelines.devices import CPU
from pipelines.errors import PipelineError
from pipelines.runs.result import HASH
from pipelines.tasks.registry import task_of
from pipelines.tasks.task import place_of
from pipelines.training.trained import Trained

INDEX = "index.json"
EDITED = Kind(
    "graph-metanetworks/edited",
    1,
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["run", "parts"],
        "properties": {"run": HASH, "parts": PARTS},
    },
    "`gmn edit`",
)


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
    def load(cls, folder: str | Path, device: str = CPU) -> Editor:
        """Read an editor, to be used on a device; `PipelineError` if the folder holds none."""
        return cls(Trained.load(folder, device))

    def write(
        self,
        graph: Graph,
        out: Path,
        replace: bool = False,
        checkpoint: Checkpoint | None = None,
    ) -> list[Path]:
        """Edit a network, and write its weights to a file, or those of an ensemble to a folder.

            editor.write(graph, Path("edited.safetensors"))

        With the `checkpoint` that the network is from, they are written in its names and layouts.
        Gives the files. Raises `GraphError` where there is something already, unless `replace`.
        """
        members = [edited.weights() for (edited,) in self.edit([graph])]
        metadata: dict[str, str] = {}
        if checkpoint is not None:
            members = [checkpoint.restore(weights) for weights in members]
            metadata = checkpoint.metadata
        if len(members) == 1:
            claim_file(out, replace)
            write_weights(out, members[0], metadata)
            return [out]
        with replacing(out, INDEX, EDITED, replace) as new:
            for number, weights in enumerate(members):
                new.add(
                    f"{number}.safetensors",
                    partial(write_weights, weights=weights, metadata=metadata),
                )
            new.commit({"run": self.trained.about["run"], "parts": new.parts})
        return [out / f"{number}.safetensors" for number in range(len(members))]

    def edit(self, graphs: Sequence[Graph]) -> list[list[Graph]]:
        """Edit networks: for each member of the ensemble, whose outputs are to be averaged."""
        self.trained.model.eval()
        batch = Batch.from_graphs(graphs)
        with torch.no_grad():
            members = self.trained.model(batch.to(place_of(self.trained.model)))
        edited = [member.graphs(graphs) for member in members]
        for number, own in enumerate(edited):
            for graph in own:
                try:
                    graph.check_values()
                except GraphError as error:
                    raise PipelineError(
                        f"what member {number} of the editor gives: {error}"
                    ) from None
        return edited
