"""GMN beside the weight-space networks: at equal width, and at equal numbers of parameters."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from metanets import BATCH, HIDDEN, LAYERS, architectures, graphs_of
from result import Measure, save

import metanet
import spec
from metanet.models.metanet import Metanet

ROUNDS = 9
WITH_TAPS = "small CNN"
OTHERS: dict[str, Callable[[spec.Architecture, int], Metanet]] = {
    "NP-NFN": lambda net, width: metanet.NPNFN(net, width, LAYERS),
    "NP-NFN, folded": lambda net, width: metanet.NPNFN(net, width, LAYERS, folded=True),
    "HNP-NFN": lambda net, width: metanet.HNPNFN(net, width, LAYERS),
    "HNP-NFN, folded": lambda net, width: metanet.HNPNFN(net, width, LAYERS, folded=True),
    "DWSNets": lambda net, width: metanet.DWSNet(net, width, LAYERS),
}


def size(model: Metanet) -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def width_for(make: Callable[[int], Metanet], parameters: int) -> int:
    """Give the width at which a model comes nearest to a number of parameters."""
    low, high = 1, 8 * HIDDEN
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(make(middle)) <= parameters else (low, middle)
    return min((low, high), key=lambda width: abs(size(make(width)) - parameters))


def seconds(model: Metanet, batch: metanet.Batch, training: bool) -> float:
    """Time a training step, forward and backward, or a prediction: processor seconds."""
    model.zero_grad()
    start = time.process_time()
    if training:
        model(batch).square().mean().backward()
    else:
        with torch.no_grad():
            model(batch)
    return time.process_time() - start


def main() -> None:
    torch.set_num_threads(1)
    measures: dict[str, Measure] = {}
    for name in ("INR 2-32-32-1", WITH_TAPS):
        nets = architectures()[name]
        batch = metanet.Batch.from_graphs(graphs_of(nets))
        gmn = metanet.GMN(HIDDEN, LAYERS, form="narrow", global_state=True)
        measures[f"{name}: GMN, width {HIDDEN}: parameters"] = Measure(size(gmn), "")
        models: dict[str, Metanet] = {}
        for label, make in OTHERS.items():
            try:
                at_equal = width_for(partial(make, nets[0]), size(gmn))
            except metanet.MetanetError:
                continue  # DWSNets take MLPs only
            if name != WITH_TAPS or label.endswith("folded"):  # else tens of millions of them
                models[f"{label}, width {HIDDEN}"] = make(nets[0], HIDDEN)
            models[f"{label}, width {at_equal}, parameters as GMN"] = make(nets[0], at_equal)
        for training in (True, False):
            what = "training" if training else "inference"
            times: dict[str, list[float]] = {label: [] for label in ("GMN", *models)}
            for _ in range(ROUNDS + 1):
                for label, model in (("GMN", gmn), *models.items()):
                    times[label].append(seconds(model, batch, training))
            medians = {label: statistics.median(own[1:]) for label, own in times.items()}
            measures[f"{name}, {what}: GMN, a network"] = Measure(medians["GMN"] / BATCH, "s")
            for label, model in models.items():
                ratio = medians["GMN"] / medians[label]
                limit = 1.0 if label.startswith("NP-NFN") else None
                measures[f"{name}, {what}: GMN / {label}"] = Measure(ratio, "times", limit)
                measures[f"{name}: {label}: parameters"] = Measure(size(model), "")
    save("equal_parameters", measures)


if __name__ == "__main__":
    main()
