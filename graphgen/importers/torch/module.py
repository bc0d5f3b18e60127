"""A module of PyTorch and example inputs."""

from __future__ import annotations

from typing import Any

from graphgen.importers.batches import with_batch
from graphgen.importers.imported import Imported, finish
from graphgen.importers.torch.program import read_program


def from_torch(module: Any, inputs: Any, *, batch_axis: int | str | None = "auto") -> Imported:
    """Import a `torch.nn.Module`, as it computes on example inputs.

        net, weights = graphgen.importers.from_torch(module, (torch.zeros(1, 3, 32, 32),))

    `inputs` is a tensor, a tuple of them, or a dict by the names of `forward`'s arguments. The
    module is read in `eval` mode; its weights stay where they are.
    """
    import torch

    args = (inputs,) if isinstance(inputs, torch.Tensor) else inputs
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            program = (
                torch.export.export(module, (), dict(args))
                if isinstance(args, dict)
                else torch.export.export(module, tuple(args))
            )
    finally:
        module.train(was_training)
    read = read_program(program)
    network, axes = with_batch(read.trace, read.input_shapes, batch_axis)
    return finish(network, axes)
