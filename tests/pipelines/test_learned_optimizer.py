"""Learned optimizers on small inner tasks: that they learn, go on, and are compared."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from metanet import LearnedOptimizer
from metanet.models.learned_optimizer.per_parameter import PerParameterEditor
from pipelines.errors import PipelineError
from pipelines.learned_optimizer import load_optimizer, meta_test, meta_train
from pipelines.learned_optimizer.comparison import CONSTANT, ELSEWHERE, HERE, verdict
from pipelines.learned_optimizer.fit import OnInnerTasks, unroll
from pipelines.learned_optimizer.images import Look, areas, changed
from pipelines.learned_optimizer.meta_train import planned
from pipelines.learned_optimizer.settings import Settings, read_settings
from pipelines.learned_optimizer.speedup import speedup, speedups
from pipelines.learned_optimizer.tasks import CEILING, InnerTasks, bounded
from pipelines.runs import loop
from pipelines.runs.checkpoint import epochs_done
from pipelines.runs.together import alone
from tests.pipelines.conftest import ARCHITECTURES
from tests.pipelines.report_page import held

MLP = {"dataset": "digits", "file": "mlp.yaml", "batch_size": 16}
META = {
    "epochs": 4, "unrolls": 3, "networks": 2, "truncation": 5, "learning_rate": 1e-2,
    "gradient_norm": 1.0,
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "seeds": [0],
    "horizon": 10,
    "training_tasks": {**MLP, "variables": {"width": {"choice": [4, 6]}}},
    "models": {"per_parameter": {"editor": "per_parameter", "settings": {"hidden": 8}}},
    "meta_training": META,
    "baselines": {
        "unrolls": 1,
        "schedules": ["constant", "cosine"],
        "learning_rates": {"adam": [1e-3, 1e-1], "sgd": [0.1]},
    },
    "evaluation": {"unrolls": 2, "networks": 2, "images": 50},
    "test_tasks": {"new starts": MLP, "another width": {**MLP, "variables": {"width": 9}}},
}
SMALL = {"hidden": 8, "layers": 1}


def write(folder: Path, **changes: Any) -> Path:
    for name, description in ARCHITECTURES.items():
        (folder / name).write_text(json.dumps(description))
    file = folder / "params.yaml"
    file.write_text(json.dumps({"learned_optimizer": {**SETTINGS, **changes}}))
    return file


def lowering(optimizer: LearnedOptimizer, settings: Settings) -> loop.Lower:
    """Give what lowers the losses of meta-training, by plain gradient descent."""
    fabric = alone(torch.device("cpu"))
    objective = OnInnerTasks(optimizer, settings.training_tasks, META, 0, fabric)
    meta = torch.optim.SGD(optimizer.parameters(), lr=0.1)
    return loop.lowering(objective, meta, META, 0, fabric)


def test_second_derivatives_reach_the_meta_gradient(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path))
    found = []
    for second in (False, True):
        run = planned(settings, tmp_path)[0]
        optimizer = run.make()
        tasks = InnerTasks(settings.training_tasks[0], 2, 10, [0])
        unroll(optimizer, lowering(optimizer, settings), tasks, {**META, "second_order": second})
        found.append(float(optimizer.log_step.detach()))
    assert found[0] != found[1]
    assert all(np.isfinite(found))


# Inner tasks.


def test_inner_tasks_depend_on_their_seed_alone(tmp_path: Path) -> None:
    family = read_settings(write(tmp_path)).training_tasks[0]
    first, again, other = (InnerTasks(family, 2, 5, [0, seed]) for seed in (3, 3, 4))
    assert first.variables == again.variables
    assert torch.equal(first.start, again.start)
    assert torch.equal(first.batches, again.batches)
    assert not torch.equal(first.batches, other.batches)
    assert not torch.equal(first.start[0], first.start[1])


def test_networks_several_times_over_are_trained_side_by_side(tmp_path: Path) -> None:
    tasks = InnerTasks(read_settings(write(tmp_path)).training_tasks[0], 2, 5, [0])
    twice = tasks.losses(tasks.start.repeat(2, 1), 1)
    torch.testing.assert_close(twice, tasks.losses(tasks.start, 1).repeat(2))


def test_losses_that_are_no_numbers_count_as_the_ceiling() -> None:
    losses = bounded(torch.tensor([0.5, torch.nan, torch.inf, 1e9]))
    assert losses.tolist() == [0.5, CEILING, CEILING, CEILING]


def test_images_are_averaged_over_squares() -> None:
    small = changed("digits", Look(4))
    assert small.train_images.shape == (1000, 1, 2, 2)
    first = changed("digits", Look()).train_images[0, 0, :4, :4]
    assert small.train_images[0, 0, 0, 0] == pytest.approx(first.mean(), abs=1e-6)
    with pytest.raises(PipelineError, match="8 x 8 pixels; give a divisor"):
        changed("digits", Look(3))


@pytest.mark.parametrize(("pixels", "size"), [(8, 4), (8, 3), (7, 7), (28, 8)])
def test_a_smaller_image_is_the_mean_over_areas(pixels: int, size: int) -> None:
    shares = areas(pixels, size)
    fine = torch.eye(pixels, dtype=torch.float64).repeat_interleave(size, 1)
    # Each pixel is cut into so many pieces that both grids fit.
    expected = fine.view(pixels, size, pixels).mean(2).t()
    torch.testing.assert_close(shares, expected, rtol=1e-12, atol=1e-12)
    if pixels % size:
        uneven = torch.nn.functional.adaptive_avg_pool1d(torch.eye(pixels).double(), size).t()
        assert not torch.allclose(shares, uneven, atol=1e-3)


def test_images_have_the_size_and_the_colours_that_are_asked_for() -> None:
    small = changed("digits", Look(size=4))
    np.testing.assert_allclose(
        small.train_images, changed("digits", Look(2)).train_images, atol=1e-6
    )
    assert changed("digits", Look(size=5, grey=True)).test_images.shape == (797, 1, 5, 5)
    with pytest.raises(PipelineError, match="`size` is 9, but images of digits have 8 x 8"):
        changed("digits", Look(size=9))


# Several families, and horizons of their own.


def test_families_take_turns_and_horizons_grow(tmp_path: Path) -> None:
    tasks = [
        {**MLP, "horizon": [10, 1000]},
        {**MLP, "size": 8, "variables": {"width": 3}, "horizon": 7},
    ]
    settings = read_settings(write(tmp_path, training_tasks=tasks))
    recipe = {**META, "epochs": 10, "curriculum": 0.5, "validation": 2}
    run = planned(settings, tmp_path)[0]
    fabric = alone(torch.device("cpu"))
    objective = OnInnerTasks(run.make(), settings.training_tasks, recipe, 0, fabric)
    assert [one.horizon for one in objective.held_out] == [1000, 7]
    first, second = (one.start.shape[1] for one in objective.held_out)
    assert first != second
    longest = []
    for epoch in range(10):
        objective.begin(epoch)
        share, family = objective.reached(), settings.training_tasks[0]
        drawn = [family.drawn_horizon([n], share) for n in range(200)]
        assert min(drawn) < 10 * 1.5
        longest.append(max(drawn))
    assert longest[0] < 10 * 100**0.2 + 1
    assert longest == sorted(longest)
    assert longest[4:] == longest[4:5] * 6
    assert 900 < longest[-1] <= 1000
    assert [family.drawn_horizon([5]) for family in settings.training_tasks][1] == 7


def test_runs_remember_the_families_they_are_trained_on(tmp_path: Path) -> None:
    tasks = [{**MLP, "horizon": [4, 6]}, {**MLP, "size": 8}]
    folder = executed(tmp_path, training_tasks=tasks, meta_training={**META, "epochs": 1})
    about = json.loads((folder / "settings.json").read_text())
    found = [(one["horizon"], one["look"]["size"]) for one in about["trained_on"]["tasks"]]
    assert found == [([4, 6], None), (10, 8)]


# How many times fewer steps.


STEPS = (0, 10, 20, 30, 40)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([4, 3, 2, 1, 0.5], 2.0),  # the other's lowest, 2, in 20 steps; it takes 40
        ([4, 2, 2, 2, 2], 4.0),
        ([4, 1, 9, 9, 9], 40 / (10 * 2 / 3)),  # between two points, on a line
        ([4.0, 3.5, 3.0, 2.5, 2.0], 1.0),
        ([4, 4, 4, 4, 3], 0.5),  # 3, which the other has after 20 steps, in 40
        ([4, 5, 6, 7, 8], 1 / 40),
    ],
)
def test_a_speedup_is_the_ratio_of_steps_to_a_loss(own: list[float], expected: float) -> None:
    other = np.array([4.0, 3.5, 3.0, 2.5, 2.0])
    assert speedup(np.array(own, float), other, STEPS) == pytest.approx(expected)
    if min(own) < own[0]:
        assert speedup(other, np.array(own, float), STEPS) == pytest.approx(1 / expected)


def test_speedups_have_intervals_over_networks_and_seeds() -> None:
    rng = np.random.default_rng(0)
    steps = tuple(range(0, 101, 10))
    other = np.stack([np.exp(-np.array(steps) / 50)] * 30)
    rates = 2 * np.exp(0.2 * rng.standard_normal((3, 30, 1)))
    own = np.exp(-np.array(steps) / 50 * rates)
    found = speedups(own, other, steps)
    assert found["reached"] == pytest.approx((rates >= 1).mean())
    low, high = found["interval"]
    assert low < found["mean"] < high
    assert 1.8 < low < 2 < high < 2.2
    alike = speedups(own[:1], other, steps)
    assert alike["interval"] != found["interval"]
    same = speedups(np.stack([other]), other, steps)
    assert same == {"mean": 1.0, "interval": [1.0, 1.0], "reached": 1.0}


# The stages.


def histories(folder: Path) -> list[list[str]]:
    """Read the histories of all runs."""
    return [file.read_text().splitlines() for file in sorted(folder.rglob("history.csv"))]


def meta_losses(folder: Path) -> list[float]:
    (lines,) = histories(folder)
    return [float(line.split(",")[1]) for line in lines[1:]]


def executed(folder: Path, **changes: Any) -> Path:
    """Meta-train the one run of some settings in this process."""
    folder.mkdir(exist_ok=True)
    (run,) = planned(read_settings(write(folder, **changes)), folder)
    threads = torch.get_num_threads()
    try:
        run.execute()
    finally:
        torch.set_num_threads(threads)
    return run.place()


LONGER = {**META, "epochs": 8, "unrolls": 4, "truncation": 10, "learning_rate": 0.1}


def test_meta_training_lowers_the_meta_loss_but_not_without_gradients(tmp_path: Path) -> None:
    model = {"editor": "per_parameter", "settings": {"hidden": 8}, "step_size": 0.003}
    learned = meta_losses(executed(tmp_path / "a", meta_training=LONGER, models={"a": model}))
    blind = {**model, "gradients": False}
    control = meta_losses(executed(tmp_path / "b", meta_training=LONGER, models={"b": blind}))
    assert learned[-1] < learned[0] - 0.2
    assert control[-1] > control[0] - 0.1


@pytest.mark.long
def test_a_gmn_lowers_its_meta_loss(tmp_path: Path) -> None:
    model = {"editor": "gmn", "settings": SMALL, "step_size": 0.003}
    learned = meta_losses(executed(tmp_path / "a", meta_training=LONGER, models={"gmn": model}))
    assert learned[-1] < learned[0] - 0.2


def test_only_the_last_losses_of_a_truncation_count(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path))
    tasks, seen = InnerTasks(settings.training_tasks[0], 2, 10, [0]), []
    for last in (1, 5, None):
        optimizer = planned(settings, tmp_path)[0].make()
        recipe = META if last is None else {**META, "last": last}
        unroll(optimizer, lowering(optimizer, settings), tasks, recipe)
        seen.append(float(optimizer.log_step.detach()))
    assert seen[1] == seen[2] != seen[0]


def test_meta_gradients_that_exploded_are_passed_over(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path))
    optimizer = planned(settings, tmp_path)[0].make()
    lower = lowering(optimizer, settings)
    before = float(optimizer.log_step.detach())
    for steep, taken in ((9.0, True), (11.0, False), (math.inf, False)):
        losses = (steep * optimizer.log_step).expand(2, 2)
        assert lower(losses.mean()) == taken
    assert float(optimizer.log_step.detach()) == pytest.approx(before - 0.1)


def test_the_epoch_that_is_best_on_validation_tasks_is_kept(tmp_path: Path) -> None:
    # So high a rate that the optimizer gets worse after its best epoch.
    recipe = {**META, "learning_rate": 3.0, "truncation": 10, "validation": 2}
    folder = executed(tmp_path, meta_training=recipe)
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    found = [float(row["validation_loss"]) for row in rows]
    best = min(range(len(found)), key=found.__getitem__)
    assert best < len(found) - 1
    kept = load_optimizer(folder)
    assert float(kept.log_step.detach().exp()) == pytest.approx(float(rows[best]["step_size"]))


def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {**META, "validation": 1}
    whole = executed(tmp_path / "whole", meta_training=recipe)
    saved, written = loop.save_checkpoint, []

    def stop(*arguments: Any) -> None:
        saved(*arguments)
        written.append(arguments)
        if len(written) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            executed(tmp_path / "stopped", meta_training=recipe)
    (checkpoint,) = (tmp_path / "stopped").rglob("checkpoint.safetensors")
    assert epochs_done(checkpoint.parent) == 2
    resumed = executed(tmp_path / "stopped", meta_training=recipe)
    assert histories(resumed) == histories(whole)
    first, second = ((f / "model.safetensors").read_bytes() for f in (whole, resumed))
    assert first == second
    assert sorted(path.name for path in resumed.iterdir()) == [
        "cost.csv", "history.csv", "model.safetensors", "settings.json",
    ]  # fmt: skip


@pytest.mark.long
def test_the_stages_write_what_they_say(tmp_path: Path) -> None:
    file = write(tmp_path, seeds=[0, 1])
    runs = meta_train(file, tmp_path / "optimizers", workers=2)
    assert [run.folder.name for run in runs] == ["per_parameter-seed0", "per_parameter-seed1"]
    assert isinstance(load_optimizer(runs[0].folder).editor, PerParameterEditor)
    before = runs[0].folder.joinpath("model.safetensors").stat().st_mtime_ns
    meta_train(file, tmp_path / "optimizers", workers=2)
    assert runs[0].folder.joinpath("model.safetensors").stat().st_mtime_ns == before

    results, report = tmp_path / "results", tmp_path / "report.html"
    metrics = meta_test(file, tmp_path / "optimizers", results, report)
    assert metrics == json.loads((results / "metrics.json").read_text())
    assert list(metrics) == ["new starts", "another width"]
    for rows in metrics.values():
        assert rows["per_parameter"]["seeds"] == 2
        assert set(rows["per_parameter"]["ratio"]) == {ELSEWHERE, HERE}
        for name in ("adam", "sgd"):
            here, elsewhere = (rows[f"{name}, {how}"] for how in (HERE, ELSEWHERE))
            assert here["loss"]["mean"] <= elsewhere["loss"]["mean"]
    lines = (results / "curves.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * (5 + 2) * SETTINGS["horizon"]
    assert (results / "table.md").read_text().count("per_parameter (2 seeds)") == 2
    page = report.read_text()
    assert all(words in page for words in ("another width", "<svg", HERE))
    assert held(page)["charts"][0]["lines"][0]["x"] == list(range(SETTINGS["horizon"]))
    assert len(verdict(metrics)) == 2
    again = meta_test(file, tmp_path / "optimizers", tmp_path / "again")
    assert again == metrics


def test_all_optimizers_begin_with_the_same_losses(tmp_path: Path) -> None:
    file = write(tmp_path)
    for run in planned(read_settings(file), tmp_path / "out"):
        run.execute()  # here, not in a process of its own, which would take seconds to begin
    meta_train(file, tmp_path / "out", workers=1)
    metrics = meta_test(tmp_path / "params.yaml", tmp_path / "out", tmp_path / "results")
    for rows in metrics.values():
        found = rows["per_parameter"]["speedup"]
        assert set(found) == {HERE, CONSTANT}
        for compared in found.values():
            assert compared["interval"][0] <= compared["mean"] <= compared["interval"][1]
        schedule = rows[f"adam, {CONSTANT}"]["settings"]["schedule"]
        assert (schedule, "speedup" in rows[f"adam, {HERE}"]) == ("constant", False)
    with (tmp_path / "results" / "predictions.csv").open() as opened:
        each = [row for row in csv.DictReader(opened) if row["model"] == "per_parameter"]
    for tasks, rows in metrics.items():
        own = [row for row in each if row["split"] == tasks]
        assert np.mean([float(row["loss"]) for row in own]) == pytest.approx(
            rows["per_parameter"]["loss"]["mean"]
        )
        times = np.exp(np.mean([np.log(float(row["speedup"])) for row in own]))
        expected = rows["per_parameter"]["speedup"]
        assert times == pytest.approx(expected[CONSTANT]["mean"])
    table = (tmp_path / "results" / "table.md").read_text()
    assert table.count("times fewer steps than Adam") == len(metrics)
    lines = (tmp_path / "results" / "curves.csv").read_text().splitlines()[1:]
    rows = [line.rsplit(",", 4) for line in lines]
    for tasks in SETTINGS["test_tasks"]:
        first = {float(loss) for *name, _, step, loss in rows if step == "0" and tasks in name[0]}
        assert max(first) - min(first) < 1e-5
