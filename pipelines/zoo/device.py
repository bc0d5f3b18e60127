"""Devices: whether one that was asked for is there."""

from __future__ import annotations

from pipelines.errors import PipelineError


def check_device(name: str) -> None:
    """Raise `PipelineError` unless networks can be trained on a device of this name."""
    # A zoo that is made one by one needs no torch in its main process.
    import torch

    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if name not in ["cpu", *gpus, *(["cuda"] if gpus else [])]:
        raise PipelineError(
            f"there is no device {name!r}; expected one of {', '.join(['cpu', *gpus])}"
            + ("" if gpus else f": PyTorch {torch.__version__} finds no CUDA GPU on this machine")
        )
