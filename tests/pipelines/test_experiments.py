"""Experiments on INRs and hyperparameters: settings are those of tasks, and stages fit them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metanet import METANETS
from pipelines.compile import SCHEMA as COMPILE
from pipelines.generation.baselines import BASELINES
from pipelines.generation.settings import FLOW, QUALITY, SAMPLE, check_flow, check_quality
from pipelines.learned_optimizer.settings import SCHEMA as LEARNED
from pipelines.learned_optimizer.settings import SECTION
from pipelines.settings import find_section, read_section
from pipelines.tasks.registry import task_of
from pipelines.training.settings import SCHEMA as TRAIN
from pipelines.union_settings import read_settings as read_merged
from spec.yaml_reader import read_file

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FOLDER = EXPERIMENTS / "inrs"
TASKS = sorted(path.parent for path in FOLDER.glob("*/*/params.yaml"))
HYPERPARAMETERS = [
    EXPERIMENTS / zoo / name
    for zoo in ("diverse-recipes", "default-recipes")
    for name in ("learning_rate", "optimizer")
]
GENERATED = sorted(EXPERIMENTS.glob("generate-*"))
ZOOS = sorted(path.parent for path in FOLDER.glob("*/params.yaml"))


def names(outs: list[Any]) -> list[str]:
    return [name for out in outs for name in ([out] if isinstance(out, str) else out)]


@pytest.mark.parametrize("folder", TASKS + HYPERPARAMETERS, ids=lambda folder: folder.name)
def test_a_task(folder: Path) -> None:
    settings = read_section(folder / "params.yaml", "train", TRAIN)
    stages = read_file(folder / "dvc.yaml").data["stages"]
    assert stages["train"]["matrix"]["model"] == list(settings["models"])
    # A stage runs again when any setting but those of other models, and of several, changes.
    keys = {key.removeprefix("train.") for key in stages["train"]["params"]}
    assert keys == {*(settings.keys() - {"models", "ensembles"}), "models.${item.model}"}
    assert stages["evaluate"]["params"] == ["train"]
    assert {f"out/train/{name}" for name in settings["models"]} < set(stages["evaluate"]["deps"])
    shown = "out/results/examples.safetensors" in names(stages["evaluate"]["outs"])
    assert shown == (task_of(settings).name in ("editing", "embedding"))
    assert all(model["metanet"] in METANETS for model in settings["models"].values())


def test_each_family_is_kept_out_once() -> None:
    zoo, folder = EXPERIMENTS / "diverse", EXPERIMENTS / "diverse" / "unseen"
    families = [
        one["family"] for one in read_file(zoo / "params.yaml").data["zoo"]["architectures"]
    ]
    read_section(folder / "params.yaml", "train", TRAIN)
    for stage in read_file(folder / "dvc.yaml").data["stages"].values():
        assert stage["matrix"]["family"] == families
    for family in families:
        settings = read_section(folder / f"{family}.yaml", "compile", COMPILE)
        assert settings["unseen"] == [family]


@pytest.mark.parametrize("folder", ZOOS, ids=lambda folder: folder.name)
def test_a_zoo(folder: Path) -> None:
    read_section(folder / "params.yaml", "compile", COMPILE)
    data = read_file(folder / "params.yaml").data
    file = data["inrs"]["architecture"]["file"]
    assert (folder / file).is_file()
    stages = read_file(folder / "dvc.yaml").data["stages"]
    assert stages.keys() == {"zoo", "card", "compile"}


@pytest.mark.parametrize("folder", GENERATED, ids=lambda folder: folder.name)
def test_generation(folder: Path) -> None:
    file = folder / "params.yaml"
    flow = read_section(file, "flow", FLOW, check_flow)
    read_section(file, "sample", SAMPLE)
    read_section(file, "quality", QUALITY, check_quality)
    read_section(file, "compile", COMPILE)
    assert (folder / read_file(file).data["inrs"]["architecture"]["file"]).is_file()
    stages = read_file(folder / "dvc.yaml").data
    drawn = {f"out/results/samples-{name}.png" for name in (*flow["models"], *BASELINES)}
    outs = set(names(stages["stages"]["quality"]["outs"]))
    assert outs == {
        *drawn, "out/report.html", "out/results/results.json", "out/results/quality.json",
    }  # fmt: skip
    histories = set(stages["plots"][0]["Loss on validation networks"]["y"])
    assert histories == {f"out/flow/gmn-seed{seed}/history.csv" for seed in flow["seeds"]}


def test_pretraining() -> None:
    folder = EXPERIMENTS / "pretraining"
    data = read_file(folder / "dvc.yaml").data["stages"]
    made = {f"out/train/{one['name']}" for one in data["train"]["matrix"]["zoos"]}
    trained = read_section(folder / "params.yaml", "train", TRAIN)
    merged = read_merged(folder / "params.yaml")
    few = read_merged(folder / "cifar10.yaml")["zoos"]
    assert few == {k: zoo for k, zoo in merged["zoos"].items() if zoo["dataset"] == "cifar10"}
    assert {one["dataset"] for one in data["few"]["matrix"]["zoo"]} == {"digits", "cifar10"}
    for dataset, other in (("digits", "cifar10"), ("cifar10", "digits")):
        models = read_section(folder / f"few-{dataset}.yaml", "train", TRAIN)["models"]
        starts = {name: model["start"] for name, model in models.items() if "start" in model}
        assert {str(Path(start).parent) for start in starts.values()} == made - {
            f"out/train/{dataset}"
        }
        for name, start in starts.items():
            home, model = Path(start).parent.name, trained["models"][name.partition("_")[0]]
            assert home == {"all": "all", "other": other}[name.partition("_")[2]]
            assert start.endswith(f"/{name.partition('_')[0]}-seed{{seed}}")
            same = ("metanet", "views", "settings")
            assert [models[name][key] for key in same] == [model[key] for key in same]


def test_all_are_there() -> None:
    assert [str(f.relative_to(FOLDER)) for f in TASKS] == [
        "cifar10/contrast", "fashion/classify", "mnist/classify", "mnist/dilate",
        "mnist-offset/dilate", "mnist60k/classify", "mnist60k/weights", "sines/embed",
        "solids/classify",
    ]  # fmt: skip


@pytest.mark.parametrize("file", ["params.yaml", "published.yaml"])
def test_settings_of_learned_optimizers(file: str) -> None:
    folder = EXPERIMENTS / "learned-optimizer"
    settings = find_section(folder / file, SECTION, LEARNED).value
    for task in [*settings["training_tasks"], *settings["test_tasks"].values()]:
        assert (folder / task["file"]).is_file()
    stages = read_file(folder / "dvc.yaml").data["stages"]
    # Meta-training runs again when any setting but those of tests changes.
    of_training = settings.keys() - {"baselines", "evaluation", "test_tasks"}
    for stage, expected in (("meta_train", of_training), ("meta_test", {SECTION})):
        if file == "params.yaml":
            given = stages[stage]["params"]
        else:
            (own,) = stages[f"{stage}_published"]["params"]
            given = own[file]
        assert {key.removeprefix(f"{SECTION}.") for key in given} == expected
