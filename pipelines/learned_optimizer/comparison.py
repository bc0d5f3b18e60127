"""How learned optimizers compare with tuned ones: losses, ratios, and their table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.learned_optimizer.inner_training import HandDesigned, Trained
from pipelines.learned_optimizer.speedup import geometric, speedup, speedups

ELSEWHERE, HERE = "tuned on training tasks", "tuned on these tasks"
CONSTANT = "tuned on these tasks, constant rate"
ADAM = "adam"


@dataclass(frozen=True)
class Outcome:
    """An optimizer on test tasks: inner trainings, the same in number and order for all.

    A learned one has a `seed`, a hand-designed one its settings in `choice` and in `tuned` on
    which tasks they were chosen.
    """

    tasks: str
    optimizer: str
    trained: tuple[Trained, ...]
    seed: int | None = None
    choice: HandDesigned | None = None
    tuned: str | None = None

    def train(self) -> NDArray[np.float64]:
        """Give training losses at the horizon, (networks,)."""
        return torch.cat([one.train for one in self.trained]).double().numpy()

    def test(self) -> NDArray[np.float64]:
        """Give test losses at the horizon, (networks,)."""
        return torch.cat([one.test for one in self.trained]).double().numpy()

    def curve(self) -> NDArray[np.float64]:
        """Give the loss before each step, averaged over networks, (horizon,)."""
        return torch.cat([one.curves for one in self.trained]).double().mean(0).numpy()

    def progress(self) -> NDArray[np.float64]:
        """Give training losses on the way, (networks, points)."""
        return torch.cat([one.progress for one in self.trained]).double().numpy()


def summary(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Summarise outcomes, by tasks and optimizer.

    `loss` and `test_loss` are those at the horizon, `mean_loss` that over all steps: mean over
    networks and seeds, `std` over networks (of each, the mean over seeds), `std_of_seeds` (of each,
    the mean over networks). Of learned optimizers, `ratio` compares training losses with those of
    the better hand-designed optimizer for either way of tuning: the geometric mean over networks
    and seeds, below 1 where the learned one wins, its interval, and the share of networks that it
    wins (`wins`). `speedup` says how many times fewer steps than Adam it takes to Adam's lowest
    training loss, for Adam at the best constant rate, and at the best of all schedules.
    """
    result: dict[str, dict[str, Any]] = {}
    for tasks in dict.fromkeys(one.tasks for one in outcomes):
        here = [one for one in outcomes if one.tasks == tasks]
        rows = result.setdefault(tasks, {})
        for name in dict.fromkeys(one.optimizer for one in here):
            own = [one for one in here if one.optimizer == name]
            rows[name] = {
                "loss": spread(np.stack([one.train() for one in own])),
                "test_loss": spread(np.stack([one.test() for one in own])),
                "mean_loss": float(np.mean([one.curve() for one in own])),
                "seeds": len(own),
            }
            if (choice := own[0].choice) is not None:
                rows[name]["settings"] = vars(choice) | {"tuned": own[0].tuned}
            else:
                rows[name]["ratio"] = {how: ratio(own, best) for how, best in rivals(here).items()}
                rows[name]["speedup"] = {
                    one.tuned: faster(own, one)
                    for one in here
                    if one.optimizer == f"{ADAM}, {one.tuned}" and one.tuned in (HERE, CONSTANT)
                }
    return result


def networks(outcomes: Sequence[Outcome]) -> str:
    """Write what each network came to, as CSV with the kind of tasks as its split.

    `loss` and `test_loss` are those at the horizon, and `speedup` says how many times fewer steps
    than Adam at the best constant rate, or where none was tried at the best of all schedules, it
    took to Adam's lowest training loss.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "seed", "network", "split", "loss", "test_loss", "speedup"])
    for one in outcomes:
        adam = {
            other.tuned: other
            for other in outcomes
            if other.tasks == one.tasks and other.optimizer == f"{ADAM}, {other.tuned}"
        }
        rival = adam.get(CONSTANT) or adam.get(HERE)
        steps = one.trained[0].steps
        for number, own in enumerate(zip(one.train(), one.test(), one.progress(), strict=True)):
            times = "" if rival is None else speedup(own[2], rival.progress()[number], steps)
            about = [one.optimizer, one.seed or 0, number, one.tasks]
            writer.writerow([*about, float(own[0]), float(own[1]), times])
    return text.getvalue()


def spread(losses: NDArray[np.float64]) -> dict[str, float]:
    """Give the mean of losses (seeds, networks), and its spreads; 0 for a single one."""
    over_networks, over_seeds = losses.mean(0), losses.mean(1)
    return {
        "mean": float(losses.mean()),
        "std": float(over_networks.std(ddof=1)) if len(over_networks) > 1 else 0.0,
        "std_of_seeds": float(over_seeds.std(ddof=1)) if len(over_seeds) > 1 else 0.0,
    }


def rivals(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    """Find the better hand-designed optimizer for each way of tuning."""
    result = {}
    for how in (ELSEWHERE, HERE):
        tuned = [one for one in outcomes if one.tuned == how]
        result[how] = min(tuned, key=lambda one: float(one.train().mean()))
    return result


def ratio(learned: Sequence[Outcome], rival: Outcome) -> dict[str, Any]:
    """Compare the training losses of the same networks, for all seeds."""
    own, other = np.stack([one.train() for one in learned]), rival.train()
    tiny = np.finfo(np.float64).tiny
    logs = np.log(np.maximum(own, tiny)) - np.log(np.maximum(other, tiny))
    return {"of": rival.optimizer, **geometric(logs), "wins": float((own < other).mean())}


def faster(learned: Sequence[Outcome], rival: Outcome) -> dict[str, Any]:
    """Compare the steps to a loss, for all seeds; networks of other horizons keep their own."""
    own, other = np.stack([one.progress() for one in learned]), rival.progress()
    return {"of": rival.optimizer, **speedups(own, other, rival.trained[0].steps)}


def markdown(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay out a summary as a table in Markdown for each kind of tasks, the best first."""
    parts = []
    for tasks, rows in metrics.items():
        lines = [
            f"## {tasks}\n",
            "| optimizer | training loss | std over networks | over seeds | test loss "
            f"| ratio to the best {ELSEWHERE} | {HERE} | times fewer steps than Adam |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for name, row in ordered(rows):
            loss = row["loss"]
            lines.append(
                f"| {described(name, row)} | {loss['mean']:.4f} | {loss['std']:.4f} "
                f"| {loss['std_of_seeds']:.4f} | {row['test_loss']['mean']:.4f} "
                f"| {shown(row, ELSEWHERE)} | {shown(row, HERE)} | {steps_shown(row)} |"
            )
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def ordered(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Sort optimizers by their mean training loss."""
    return sorted(rows.items(), key=lambda item: item[1]["loss"]["mean"])


def described(name: str, row: Mapping[str, Any]) -> str:
    """Name an optimizer with its settings, or the number of its seeds."""
    if "settings" not in row:
        seeds = row["seeds"]
        return f"{name} ({seeds} seed{'s' if seeds > 1 else ''})"
    settings = row["settings"]
    return f"{name} ({settings['learning_rate']:g}, {settings['schedule']})"


def shown(row: Mapping[str, Any], how: str) -> str:
    """Give a ratio and the share of wins in words; empty for a hand-designed optimizer."""
    if "ratio" not in row:
        return ""
    compared = row["ratio"][how]
    return f"{with_interval(compared, 3)} (wins {compared['wins']:.0%})"


def steps_shown(row: Mapping[str, Any]) -> str:
    """Say how many times fewer steps than Adam's best constant rate are taken; else nothing."""
    compared = row.get("speedup", {}).get(CONSTANT) or row.get("speedup", {}).get(HERE)
    if compared is None:
        return ""
    return f"{with_interval(compared, 2)} (reached by {compared['reached']:.0%})"


def with_interval(compared: Mapping[str, Any], digits: int) -> str:
    """Give a ratio with its interval."""
    low, high = compared["interval"]
    return f"{compared['mean']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def verdict(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say of each kind of tasks by how much the best learned optimizer wins or loses."""
    sentences = []
    for tasks, rows in metrics.items():
        name, row = next(item for item in ordered(rows) if "ratio" in item[1])
        words = []
        for how in (ELSEWHERE, HERE):
            compared = row["ratio"][how]
            mean, rival = compared["mean"], compared["of"].partition(",")[0]
            side = "lower" if mean < 1 else "higher"
            words.append(f"{abs(mean - 1):.0%} {side} than that of {rival} {how}")
        sentences.append(f"{tasks}: the training loss of {name} is {', and '.join(words)}.")
    return sentences
