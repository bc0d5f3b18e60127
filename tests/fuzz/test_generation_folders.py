"""Mutated folders of flows, samples and learned optimizers: every command keeps the rule."""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from fuzz.folder_mutations import mutate
from fuzz.rule import run
from generation_toys import FLOW, TRAINING, here, write_graphs, write_settings
from zoo_toys import contents

from pipelines.generation import quality, sample, train
from pipelines.learned_optimizer import meta_test, meta_train
from pipelines.runs import loop
from tests.pipelines import test_learned_optimizer as optimizers

MODELS = {
    **FLOW["models"],
    "mlp": {
        "editor": "mlp", "settings": {"hidden": 4, "layers": 1}, "training": TRAINING,
    },
}  # fmt: skip
META = {"epochs": 2, "unrolls": 1, "networks": 1, "truncation": 2, "validation": 1}
OPTIMIZERS: dict[str, Any] = {
    "horizon": 4,
    "meta_training": {**optimizers.META, **META},
    "baselines": {"unrolls": 1, "schedules": ["constant"], "learning_rates": {"adam": [1e-2]}},
    "evaluation": {"unrolls": 1, "networks": 1, "images": 10},
    "test_tasks": {"new starts": optimizers.MLP},
    "models": {"small": {"editor": "gmn", "settings": {"hidden": 4, "layers": 1}}},
}
# What is mutated by the command that reads it, beside what it may read.
READS = {
    "sample": "flow",
    "quality": "samples",
    "graphs": "graphs",
    "meta-test": "optimizers",
    "flow": "begun-flow",
    "meta-train": "begun-optimizers",
}


@pytest.fixture(autouse=True, scope="module")
def in_this_process() -> Any:
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("generation.train", "learned_optimizer.meta_train"):
            patch.setattr(sys.modules[f"pipelines.{name}"], "execute", here)
        # Matplotlib takes most of the time, and reads nothing.
        drawing = import_module("pipelines.generation.quality")
        patch.setattr(drawing, "picture", lambda *arguments: b"a picture")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folders that are mutated, finished and as a kill leaves them."""
    folder = tmp_path_factory.mktemp("seeds")
    settings = folder / "settings"
    settings.mkdir()
    flow = {**FLOW, "models": MODELS, "align": "match"}
    file = write_settings(settings, flow=flow)
    file.rename(settings / "flow.yaml")
    optimizers.write(settings, **OPTIMIZERS)
    (settings / "params.yaml").rename(settings / "optimizers.yaml")
    graphs = write_graphs(folder / "graphs").folder
    train(settings / "flow.yaml", graphs, folder / "flow")
    sample(settings / "flow.yaml", folder / "flow", folder / "samples")
    meta_train(settings / "optimizers.yaml", folder / "optimizers")
    # What is imported or loaded only now takes time of no command that is measured.
    quality(settings / "flow.yaml", folder / "samples", graphs, folder / "results")
    meta_test(settings / "optimizers.yaml", folder / "optimizers", folder / "tested")
    for work in (
        lambda: train(settings / "flow.yaml", graphs, folder / "begun-flow"),
        lambda: meta_train(settings / "optimizers.yaml", folder / "begun-optimizers"),
    ):
        stop_after_an_epoch(work)
    return folder


def stop_after_an_epoch(work: Any) -> None:
    saved = loop.save_checkpoint

    def stop(*arguments: Any) -> None:
        saved(*arguments)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            work()


def command_line(
    command: str, work: Path, folder: Path, rng: random.Random
) -> tuple[list[str], list[Path], Path, bool]:
    """Give a command line, what it may read, where it may write, and if it resumes."""
    settings, out = work / "settings", work / "out"
    flow, meta = settings / "flow.yaml", settings / "optimizers.yaml"
    graphs, options = work / "graphs", ["--params", str(flow), "--out", str(out)]
    if command == "sample":
        one = folder / rng.choice(("gmn-seed0", "mlp-seed0"))
        source = one if rng.random() < 0.3 else folder
        return ["sample", str(source), *options], [settings, folder], out, False
    if command == "quality":
        return (
            ["quality", str(folder), str(graphs), *options],
            [settings, folder, graphs],
            out,
            False,
        )
    if command == "graphs":
        samples = work / "samples"
        line = ["quality", str(samples), str(folder), *options]
        return line, [settings, folder, samples], out, False
    if command == "meta-test":
        line = ["meta-test", str(folder), "--params", str(meta), "--out", str(out)]
        return line, [settings, folder], out, False
    replace = ["--replace"] * rng.choice((0, 1))
    if command == "flow":
        line = ["flow", str(graphs), "--params", str(flow), "--out", str(folder), *replace]
        return line, [settings, graphs], folder, True
    line = ["meta-train", str(meta), "--out", str(folder), *replace]
    return line, [settings], folder, True


def fuzz(seeds: Path, tmp_path: Path, numbers: range) -> Counter[Any]:
    codes: Counter[Any] = Counter()
    for number in numbers:
        rng = random.Random(number)
        command = rng.choice(list(READS))
        work = tmp_path / str(number)
        (work / "in").mkdir(parents=True)
        folder = work / "in" / READS[command]
        shutil.copytree(seeds / READS[command], folder)
        for beside in ("settings", "graphs", "samples"):
            shutil.copytree(seeds / beside, work / beside)
        done = [mutate(folder, rng) for _ in range(rng.choice((1, 1, 2)))]
        places = [work / "in" / "outside", folder / "outside"]
        outside = {str(place): contents(place) for place in places if place.exists()}
        line, given, place, resumes = command_line(command, work, folder, rng)
        outcome = run(line, given, place, resumes)
        assert not outcome.broken, f"{number}: gmn {' '.join(line)}, after {done}: {outcome.broken}"
        for name, before in outside.items():
            assert contents(Path(name)) == before, f"{number}: {done}"
        codes[command, outcome.code] += 1
        shutil.rmtree(work)
    return codes


def test_mutated_folders_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(60))
    # Both ends come up: else the mutations would be too weak, or too strong to reach anything.
    assert all(codes[command, 2] > 0 for command in READS), codes
    assert sum(count for (_, code), count in codes.items() if code == 0) > 0, codes


@pytest.mark.long
def test_thousands_of_mutated_folders_keep_the_rule(seeds: Path, tmp_path: Path) -> None:
    codes = fuzz(seeds, tmp_path, range(60, 3000))
    assert sum(codes.values()) == 2940
    assert all(codes[command, code] > 0 for command in READS for code in (0, 2)), codes
