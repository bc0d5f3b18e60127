"""The task of a worker: fit one stack of networks, given the zoo's settings and its number."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from graphgen.files import pack
from pipelines.inrs.members import Member, points_seed, stack
from pipelines.inrs.settings import InrSettings
from pipelines.signals import Signal, SignalSet
from pipelines.zoo.record import Record, weights_hash
from spec import Architecture

if TYPE_CHECKING:  # the parent process of a pool needs no torch
    from torch import Tensor

_alone = threading.Lock()


def fit_stack(settings: str, number: int, device: str) -> list[bytes]:
    """Fit stack `number` of a zoo, whose settings come as JSON; give its encoded `Record`s.

    A process reads the settings and the signals once, and works on one thread.
    """
    import torch

    from pipelines.inrs.decode import decode, psnr
    from pipelines.inrs.fit import begin, errors, fit
    from pipelines.zoo.reproducibly import reproducibly

    torch.set_num_threads(1)
    with _alone, reproducibly(0, torch.device(device)):
        zoo, net, signal_set = _prepare(settings)
        members = stack(zoo, number)
        chosen = [signal_set.signal(one.split, one.signal) for one in members]
        weights = begin(net, [one.seed for one in members], zoo.rules)
        weights = {name: tensor.to(device) for name, tensor in weights.items()}
        coordinates = _coordinates(chosen).to(device)
        values = torch.from_numpy(np.stack([signal.values for signal in chosen])).to(device)
        seed = points_seed(zoo)
        weights = fit(net, weights, coordinates, values, zoo.fit, zoo.offset, seed)
        with torch.inference_mode():
            loss = errors(decode(net, weights, coordinates, zoo.offset), values).double().cpu()
        peaks = signal_set.peak or [np.ptp(signal.values) for signal in chosen]
        ratios = psnr(loss.numpy(), peaks)
        arrays = {name: tensor.cpu().numpy() for name, tensor in weights.items()}
        made = []
        for i, (one, signal) in enumerate(zip(members, chosen, strict=True)):
            metrics = {"psnr": float(ratios[i]), "loss": float(loss[i])}
            own = {name: array[i] for name, array in arrays.items()}
            made.append(_record(zoo, net, one, signal.labels, own, metrics).encode())
        return made


def _coordinates(chosen: Sequence[Signal]) -> Tensor:
    """Give `(P, d)` where the signals share their coordinates, else `(N, P, d)`."""
    import torch

    first = chosen[0].coordinates
    if all(signal.coordinates is first for signal in chosen):
        return torch.from_numpy(first)
    return torch.from_numpy(np.stack([signal.coordinates for signal in chosen]))


def _record(
    zoo: InrSettings,
    net: Architecture,
    one: Member,
    labels: dict[str, Any],
    weights: dict[str, np.ndarray],
    metrics: dict[str, float],
) -> Record:
    finite = math.isfinite(metrics["loss"]) and all(np.isfinite(a).all() for a in weights.values())
    columns = pack(net.tensors.values(), weights)
    about: dict[str, Any] = {
        "index": one.index,
        "family": zoo.architecture.name,
        "architecture": net.hash,
        "parameters": sum(math.prod(shape) for shape in net.parameters.values()),
        "split": one.split,
        "signal": one.signal,
        "copy": one.copy,
        "labels": labels,
        "offset": zoo.offset,
        "status": "trained" if finite else "diverged",
        "metrics": {
            name: value if math.isfinite(value) else None for name, value in metrics.items()
        },
        "sha256": weights_hash(columns),
    }
    return Record(about, net.resolved(), columns)


@lru_cache(maxsize=1)
def _prepare(settings: str) -> tuple[InrSettings, Architecture, SignalSet]:
    zoo = InrSettings.from_plain(json.loads(settings))
    return zoo, zoo.net, zoo.load_signals()
