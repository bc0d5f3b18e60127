"""The training loop: its schedule, clipping, checkpoints, processes, precision and progress."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from generation_toys import FLOW, run_of, write_graphs
from lightning_fabric import Fabric
from torch import Tensor, nn

from graphgen.files import read_weights
from pipelines.errors import PipelineError
from pipelines.runs import loop
from pipelines.runs.batches import Batches
from pipelines.runs.checkpoint import epochs_done
from pipelines.runs.diverged import DivergedError
from pipelines.runs.processes import showing_progress
from pipelines.runs.schedule import one_cycle
from pipelines.runs.together import alone, average_gradients, own_places

CPU = torch.device("cpu")
RECIPE: dict[str, Any] = {
    "epochs": 3, "learning_rate": 0.1, "weight_decay": 0.01, "gradient_norm": 0.5,
}  # fmt: skip


class Line(Batches):
    """A line through points, a few of which a step takes."""

    def __init__(self, fabric: Fabric, size: int = 4, scale: float = 1.0) -> None:
        super().__init__(10, size, 0, fabric)
        torch.manual_seed(0)
        self.trained = self.kept = nn.Linear(1, 1)
        self.x = torch.linspace(-1, 1, 10)[:, None]
        self.scale = scale
        self.norms: list[float] = []
        self.rates: list[float] = []

    def loss(self, chosen: Sequence[int], own: Sequence[int]) -> Tensor:
        places = [chosen[place] for place in own]
        return self.scale * (self.trained(self.x[places]) - 3 * self.x[places]).square().mean()

    def validated(self) -> dict[str, float]:
        with torch.no_grad():
            error = (self.trained(self.x) - 3 * self.x).square().mean()
        return {"validation_loss": float(error)}


def plainly(objective: Line) -> None:
    """Train without the loop, by the optimizer and the scheduler of torch."""
    module, steps = objective.trained, objective.steps
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: one_cycle(n / (3 * steps)))
    for epoch in range(3):
        order = np.random.default_rng([0, epoch]).permutation(10).tolist()
        for step in range(steps):
            chosen = order[step * 4 : (step + 1) * 4]
            optimizer.zero_grad()
            objective.loss(chosen, range(len(chosen))).backward()
            nn.utils.clip_grad_norm_(module.parameters(), 0.5)
            optimizer.step()
            schedule.step()


def state(objective: Line) -> list[Tensor]:
    return [p.detach().clone() for p in objective.trained.parameters()]


def test_the_loop_is_what_torch_does(tmp_path: Path) -> None:
    fabric = alone(CPU)
    looped, plain = Line(fabric), Line(fabric)
    rows = loop.fit(looped, RECIPE, tmp_path, "it", fabric)
    plainly(plain)
    assert all(map(torch.equal, state(looped), state(plain)))
    assert [list(row) for row in rows] == [
        ["epoch", "train_loss", "validation_loss", "seconds"]
    ] * 3


def test_the_schedule_rises_and_falls() -> None:
    shares = [one_cycle(i / 100) for i in range(101)]
    assert shares[0] == pytest.approx(0.001)
    assert shares[15] == 1 == max(shares)
    assert shares[100] == pytest.approx(0.001)
    assert all(b > a for a, b in pairwise(shares[:16]))
    assert all(b < a for a, b in pairwise(shares[15:]))
    assert one_cycle(0.025, warm_up=0.05, floor=0.01) == pytest.approx(0.505)


def test_gradients_are_clipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = torch.optim.AdamW.step
    norms = []

    def step(self: Any, *arguments: Any) -> Any:
        own = [p.grad for group in self.param_groups for p in group["params"]]
        norms.append(float(torch.cat([grad.flatten() for grad in own]).norm()))
        return taken(self, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    loop.fit(Line(alone(CPU), scale=1e3), RECIPE, tmp_path, "it", alone(CPU))
    assert all(norm == pytest.approx(0.5, rel=1e-4) for norm in norms)
    norms.clear()
    loop.fit(Line(alone(CPU), scale=1e-3), RECIPE, tmp_path, "small", alone(CPU))
    assert max(norms) < 0.1


def test_a_stopped_loop_goes_on_to_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole").mkdir()
    whole, stopped, resumed = (Line(alone(CPU)) for _ in range(3))
    loop.fit(whole, RECIPE, tmp_path / "whole", "it", alone(CPU))
    saved = loop.save_checkpoint

    def stop(*arguments: Any) -> None:
        saved(*arguments)
        if arguments[2] == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            loop.fit(stopped, RECIPE, tmp_path, "it", alone(CPU))
    assert epochs_done(tmp_path) == 2
    torch.manual_seed(5)
    rows = loop.fit(resumed, RECIPE, tmp_path, "it", alone(CPU))
    assert all(map(torch.equal, state(resumed), state(whole)))
    assert not all(map(torch.equal, state(stopped), state(whole)))
    assert len(rows) == 3


def test_a_loop_that_diverges_says_where(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="in epoch 1 of 3, where the norm of the gradients is"):
        loop.fit(Line(alone(CPU), scale=math.inf), RECIPE, tmp_path, "it", alone(CPU))

    class Wrong(Line):
        def validated(self) -> dict[str, float]:
            return {"validation_loss": math.nan}

    with pytest.raises(DivergedError, match="`validation_loss` is nan"):
        loop.fit(Wrong(alone(CPU)), RECIPE, tmp_path, "it", alone(CPU))


# Several processes.


class Half:
    """A process of two, whose other one has other gradients."""

    world_size = 2

    def __init__(self, rank: int, other: list[Tensor | None]) -> None:
        self.global_rank, self.other = rank, other

    def all_reduce(self, flat: Tensor, reduce_op: str) -> Tensor:
        assert reduce_op == "mean"
        has = [float(x is not None) for x in self.other]
        sizes = [1, 2, 3]
        rows = [torch.zeros(n) if x is None else x for x, n in zip(self.other, sizes, strict=True)]
        return (flat + torch.cat([*rows, torch.tensor(has)])) / 2


def test_gradients_are_averaged_where_a_process_has_one() -> None:
    parameters = [nn.Parameter(torch.zeros(n)) for n in (1, 2, 3)]
    parameters[0].grad, parameters[1].grad = torch.ones(1), None
    half: Any = Half(0, [torch.full((1,), 3.0), torch.full((2,), 4.0), None])
    average_gradients(parameters, half)
    found = [p.grad for p in parameters]
    assert found[2] is None
    assert [x.tolist() for x in found[:2] if x is not None] == [[2.0], [2.0, 2.0]]


def test_processes_share_a_batch() -> None:
    for count in (1, 5, 6):
        parts = [own_places(count, Half(rank, [])) for rank in (0, 1)]  # type: ignore[arg-type]
        means = [(np.mean(list(own)), share) for own, share in parts]
        whole = sum(mean * share for mean, share in means) / 2
        assert whole == pytest.approx(np.mean(range(count)))


@pytest.mark.long
def test_two_processes_train_a_flow_as_one(tmp_path: Path) -> None:
    graph_set, model = write_graphs(tmp_path / "graphs"), FLOW["models"]["gmn"]
    found = []
    for processes in (1, 2):
        run = run_of(tmp_path / str(processes), graph_set, model=model)
        run.execute(processes)
        found.append(read_weights(run.work_folder / "model.safetensors"))
    for name, array in found[0].items():
        np.testing.assert_allclose(found[1][name], array, rtol=1e-3, atol=1e-4)


# Precision.


def test_products_are_of_the_precision_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dtypes = []

    class Seen(Line):
        def loss(self, chosen: Sequence[int], own: Sequence[int]) -> Tensor:
            dtypes.append(self.trained(self.x).dtype)
            return super().loss(chosen, own)

    for precision in ("float32", "bfloat16"):
        fabric = alone(CPU, precision)
        objective = Seen(fabric)
        loop.fit(objective, RECIPE, tmp_path, precision, fabric)
        assert state(objective)[0].dtype == torch.float32
    assert set(dtypes[: len(dtypes) // 2]) == {torch.float32}
    assert set(dtypes[len(dtypes) // 2 :]) == {torch.bfloat16}


def test_a_run_in_bfloat16_needs_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    small = {**FLOW["models"]["gmn"], "settings": {"hidden": 4, "layers": 1}}
    low = {**small, "training": {**small["training"], "precision": "bfloat16"}}
    run, full = (run_of(tmp_path, graph_set, model=model) for model in (low, small))
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    with pytest.raises(PipelineError, match="`precision` is bfloat16, for which cpu has no hardw"):
        run.execute()
    assert not run.work_folder.exists()
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    run.execute()
    full.execute()
    found, wanted = (read_weights(r.work_folder / "model.safetensors") for r in (run, full))
    assert any(not np.array_equal(found[name], wanted[name]) for name in wanted)
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, atol=0.05)


# Loggers and callbacks.


def test_epochs_are_logged_as_they_come(tmp_path: Path) -> None:
    graph_set = write_graphs(tmp_path / "graphs")
    small = {**FLOW["models"]["gmn"], "settings": {"hidden": 4, "layers": 1}}
    run = run_of(tmp_path, graph_set, model=small)
    run.execute(log=tmp_path / "log")
    (file,) = (tmp_path / "log" / run.folder_name).rglob("metrics.csv")
    logged = list(csv.DictReader(file.read_text().splitlines()))
    kept = list(csv.DictReader((run.work_folder / "history.csv").read_text().splitlines()))
    assert [row["validation_loss"] for row in logged] == [row["validation_loss"] for row in kept]
    assert [row["step"] for row in logged] == [row["epoch"] for row in kept]


def test_callbacks_are_told_of_each_epoch(tmp_path: Path) -> None:
    class Mine:
        def __init__(self) -> None:
            self.seen: list[object] = []

        def on_epoch_end(self, row: dict[str, object]) -> None:
            self.seen.append(row["epoch"])

    mine = Mine()
    fabric = alone(CPU, callbacks=[mine])
    loop.fit(Line(fabric), RECIPE, tmp_path, "it", fabric)
    assert mine.seen == [1, 2, 3]


# Progress.


class Terminal(io.StringIO):
    """Where one reads along."""

    def isatty(self) -> bool:
        return True


class Short:
    """A run that is at work."""

    epochs = 4
    work_folder = Path("nowhere")


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_shown_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    runs: Any = [Short(), Short()]
    with showing_progress(runs, "train") as done:
        done.add(0)
    shown = stream.getvalue()
    assert ("4/8" in shown and "1 runs left" in shown) if terminal else shown == ""
