"""The sample stage: networks drawn from flows, and from the baselines, as graph sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from graphgen import GraphError, GraphSet
from graphgen.files import exclusive
from pipelines.errors import PipelineError
from pipelines.generation.baselines import gaussian, read_moments
from pipelines.generation.decoded import valid
from pipelines.generation.latest import read_latest, write_latest
from pipelines.generation.moments import Moments
from pipelines.generation.population import Rows, arrays_of
from pipelines.generation.settings import SAMPLE
from pipelines.generation.solve import solve
from pipelines.generation.trained import TrainedFlow
from pipelines.settings import read_section, settings_hash
from pipelines.training.fit import hash_seed
from pipelines.training.result import SETTINGS_FILE, read_settings

DEFAULTS = {"steps": 50, "method": "heun", "seed": 0, "together": 64, "networks_per_shard": 256}
SPLIT = "generated"


def sample(settings_file: str | Path, flows: str | Path, out: str | Path) -> dict[str, GraphSet]:
    """Draw networks from each flow that was trained last, or from one, and from the baselines.

        sets = sample("params.yaml", "out/flow", "out/samples")

    Each becomes a graph set of its name in `out`; those that are there with the same settings stay.
    Networks that are not finite, or give no finite values, are left out and listed in the set's
    `about` as `failed`. Classes take turns.
    """
    settings = {**DEFAULTS, **read_section(settings_file, "sample", SAMPLE)}
    out, made = Path(out), {}
    folders = run_folders(Path(flows))
    out.mkdir(parents=True, exist_ok=True)
    with exclusive(out):
        for folder in folders:
            trained = TrainedFlow.load(folder)
            about = {"name": named(folder), "run": trained.run}
            made[folder.name] = write(
                out / folder.name, trained, settings, about, flow_source(trained, settings)
            )
        for name, moments in read_moments(Path(flows)).items():
            identity = settings_hash(*(own.tolist() for own in moments.arrays().values()))
            about = {"name": name, "run": identity}
            made[name] = write(out / name, trained, settings, about, normal_source(moments))
        write_latest(out, {name: graph_set.hash for name, graph_set in made.items()})
    return made


def run_folders(flows: Path) -> list[Path]:
    """List the finished runs of a folder's latest settings, or the folder itself if it is one."""
    if (flows / SETTINGS_FILE).exists():
        return [flows]
    found = [
        flows / name
        for name, run in sorted(read_latest(flows).items())
        if (read_settings(flows / name) or {}).get("run") == run
    ]
    if not found:
        raise PipelineError(
            f"{flows}: no finished flow here; expected a folder of `gmn flow`, such as out/flow"
        )
    return found


def named(folder: Path) -> str:
    """Give the name of a run's model."""
    return str((read_settings(folder) or {}).get("name", folder.name))


Source = Callable[[Tensor, Tensor], Tensor]


def flow_source(trained: TrainedFlow, settings: Mapping[str, Any]) -> Source:
    """Make a function from noise and classes to networks."""
    flow = trained.flow.eval()

    def draw(noise: Tensor, labels: Tensor) -> Tensor:
        own = labels if trained.classes else None
        with torch.no_grad():
            x = solve(
                lambda x, times: flow(x, times, own), noise, settings["steps"], settings["method"]
            )
            return flow.restore(x)

    return draw


def normal_source(moments: Moments) -> Source:
    """Make a function from noise to networks with these moments, whatever their class."""
    return lambda noise, labels: gaussian(moments, noise)


def write(
    folder: Path,
    trained: TrainedFlow,
    settings: Mapping[str, Any],
    about: Mapping[str, Any],
    source: Source,
) -> GraphSet:
    """Draw networks, and write those that are valid as a graph set."""
    how = {key: settings[key] for key in ("count", "seed", "steps", "method")}
    about = {**about, "sample": how}
    if (kept := read_made(folder, about)) is not None:
        return kept
    classes = list(trained.classes) if about["run"] == trained.run else []
    numbers = torch.arange(settings["count"]) % max(1, len(classes))
    values = draw_all(trained, settings, source, numbers, folder.name)
    template = trained.flow.template
    good = valid(trained.net, template, values, trained.offset)

    def networks() -> Iterator[tuple[Any, Any, dict[str, Any]]]:
        for i in np.flatnonzero(good):
            labels = {trained.label: classes[int(numbers[i])]} if classes else {}
            record = {"index": int(i), "family": SPLIT, "split": SPLIT, "offset": trained.offset}
            yield trained.net, arrays_of(template, values[i]), {**record, "labels": labels}

    about = {
        **about,
        "networks": {SPLIT: int(good.sum())},
        "failed": [int(i) for i in np.flatnonzero(~good)],
    }
    return GraphSet.write(folder, networks(), settings["networks_per_shard"], about)


def draw_all(
    trained: TrainedFlow,
    settings: Mapping[str, Any],
    source: Source,
    numbers: Tensor,
    name: str,
) -> Rows:
    """Draw all networks, (count, P); what one is depends on the seed and its number alone."""
    size, together = trained.flow.mean.shape[0], settings["together"]
    rows: list[Rows] = []
    for i in tqdm(range(0, settings["count"], together), unit="batch", desc=name):
        chosen = numbers[i : i + together]
        noise = noise_of(settings["seed"], range(i, i + len(chosen)), size)
        rows.append(source(noise, chosen).numpy())
    return np.concatenate(rows)


def noise_of(seed: int, numbers: Sequence[int], size: int) -> Tensor:
    """Draw the noise of some networks, (N, P), each from a seed of its own."""
    generators = (torch.Generator().manual_seed(hash_seed(seed, number)) for number in numbers)
    return torch.stack([torch.randn(size, generator=generator) for generator in generators])


def read_made(folder: Path, about: Mapping[str, Any]) -> GraphSet | None:
    """Open a graph set of samples if it is there and was made like this."""
    try:
        found = GraphSet.open(folder)
    except GraphError:
        return None
    same = all(
        json.dumps(found.index["about"].get(key), sort_keys=True)
        == json.dumps(value, sort_keys=True)
        for key, value in about.items()
    )
    return found if same else None
