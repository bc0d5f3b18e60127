"""Devices: which of this machine a name in a command stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import PipelineError

if TYPE_CHECKING:  # a command that trains nothing needs no torch to read its options
    import torch

AUTO, CPU = "auto", "cpu"


def devices_of(name: str) -> list[str]:
    """Give the devices that a name stands for, of which the runs of a stage get one each.

        devices_of("auto")          # ["cuda:0", "cuda:1"]; ["cpu"] where there is no GPU

    `auto` and `cuda` are all CUDA GPUs, and `auto` the CPU where there are none. Raises
    `PipelineError` for a device that is not there.
    """
    if name == CPU:
        return [CPU]
    import torch

    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if name == AUTO:
        return gpus or [CPU]
    if name == "cuda" and gpus:
        return gpus
    others = ["mps"] if torch.backends.mps.is_available() else []
    if name in [*gpus, *others]:
        return [name]
    there = [AUTO, CPU, *(["cuda"] if gpus else []), *gpus, *others]
    raise PipelineError(
        f"there is no device {name!r}; expected one of {', '.join(there)}"
        + ("" if gpus else f": PyTorch {torch.__version__} finds no CUDA GPU on this machine")
    )


def shared_devices(name: str, scheduler: str | None) -> list[str]:
    """Give the devices over which work is spread; a cluster has none but the CPU of each worker."""
    devices = devices_of(name)
    if scheduler is not None and devices != [CPU]:
        raise PipelineError(
            f"got both the device {name!r} and the scheduler {scheduler!r}; expected one of them: "
            "a cluster computes on CPUs"
        )
    return devices


def device_of(name: str) -> torch.device:
    """Give the first of the devices that a name stands for, for what is computed on one alone."""
    import torch

    return torch.device(devices_of(name)[0])


def check_bfloat16(device: torch.device) -> None:
    """Raise `PipelineError` for a device that computes in bfloat16 slowly, or not at all."""
    import torch

    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = device.type == CPU and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if not able:
        raise PipelineError(
            f"`precision` is bfloat16, for which {device} has no hardware: leave it out, or choose "
            "another `--device`"
        )
