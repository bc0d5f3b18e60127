"""The sample stage: networks drawn from flows, and from the baselines, as graph sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphgen import GraphSet
from pipelines.devices import CPU, device_of
from pipelines.generation.decoded import valid
from pipelines.generation.population import Rows, arrays_of
from pipelines.generation.samples import Plan, committed, sampling
from pipelines.generation.settings import SAMPLE
from pipelines.generation.systems import System, systems_in
from pipelines.progress import progress
from pipelines.provenance import maker_of
from pipelines.runs.batches import hash_seed
from pipelines.settings import read_section

DEFAULTS = {"steps": 50, "method": "heun", "seed": 0, "together": 64, "networks_per_shard": 256}
SPLIT = "generated"


def sample(
    settings_file: str | Path,
    flows: str | Path,
    out: str | Path,
    replace: bool = False,
    device: str = CPU,
) -> dict[str, GraphSet]:
    """Draw networks from each flow that was trained last, or from one, and from the baselines.

        sets = sample("params.yaml", "out/flow", "out/samples")

    Each becomes a graph set of its name in `out`, and `samples.json` lists them. Those that are
    there of the same flow, settings and code stay; others are refused, or, with `replace`, stay
    whole until all new ones are there. Networks that are not finite, or give no finite values, are
    left out and listed in the set's `about` as `failed`. Classes take turns.
    """
    place = device_of(device)
    settings = {**DEFAULTS, **read_section(settings_file, "sample", SAMPLE)}
    out, code = Path(out), maker_of(__name__)
    plans = [Plan(out, system, settings, code) for system in systems_in(Path(flows))]
    with sampling(out, plans, replace) as new:
        for plan in plans:
            if not plan.drawn():
                write(plan, place)
        return committed(new, plans)


def write(plan: Plan, device: torch.device) -> None:
    """Draw networks, and write those that are valid as a graph set."""
    system, settings = plan.system, plan.settings
    net, template, offset = system.net, system.template, system.offset
    numbers = torch.arange(settings["count"]) % max(1, len(system.classes))
    values = draw_all(system, settings, numbers, device)
    good = valid(net, template, values, offset)

    def networks() -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        for i in np.flatnonzero(good):
            labels = {system.label: system.classes[int(numbers[i])]} if system.classes else {}
            record = {"index": int(i), "family": SPLIT, "split": SPLIT, "offset": offset}
            yield net, arrays_of(template, values[i]), {**record, "labels": labels}

    about = {
        **plan.about(),
        "networks": {SPLIT: int(good.sum())},
        "failed": [int(i) for i in np.flatnonzero(~good)],
    }
    GraphSet.write(
        plan.work_folder, networks(), settings["networks_per_shard"], about, replace=True
    )


def draw_all(
    system: System, settings: Mapping[str, Any], numbers: Tensor, device: torch.device
) -> Rows:
    """Draw all networks, (count, P); what one is depends on the seed and its number alone."""
    together = settings["together"]
    rows: list[Rows] = []
    starts = range(0, settings["count"], together)
    with progress(system.name, "batch", len(starts)) as shown:
        for i in starts:
            chosen = numbers[i : i + together].to(device)
            noise = noise_of(settings["seed"], range(i, i + len(chosen)), system.size)
            found = system.draw(noise.to(device), chosen, settings["steps"], settings["method"])
            rows.append(found.cpu().numpy())
            shown.update()
    return np.concatenate(rows)


def noise_of(seed: int, numbers: Sequence[int], size: int) -> Tensor:
    """Draw the noise of some networks, (N, P), each from a seed of its own."""
    generators = (torch.Generator().manual_seed(hash_seed(seed, number)) for number in numbers)
    return torch.stack([torch.randn(size, generator=generator) for generator in generators])
