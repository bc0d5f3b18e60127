"""Published sets in small: written as their authors' own code writes them, with random weights."""

from __future__ import annotations

import csv
import gzip
import json
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf
from torch import Tensor, nn

KERAS = [
    ("conv2d", "bias", (16,)), ("conv2d", "kernel", (3, 3, 1, 16)),
    ("conv2d_1", "bias", (16,)), ("conv2d_1", "kernel", (3, 3, 16, 16)),
    ("conv2d_2", "bias", (16,)), ("conv2d_2", "kernel", (3, 3, 16, 16)),
    ("dense", "bias", (10,)), ("dense", "kernel", (16, 10)),
]  # fmt: skip
"""The variables of the Small CNN Zoo, in the order of its rows."""
TOLD = [
    "config.activation",
    "config.b_init",
    "config.dataset",
    "config.dnn_architecture",
    "config.dropout",
    "config.epochs",
    "config.epochs_between_checkpoints",
    "config.init_std",
    "config.l2reg",
    "config.learning_rate",
    "config.num_layers",
    "config.num_units",
    "config.optimizer",
    "config.random_seed",
    "config.train_fraction",
    "config.w_init",
    "modeldir",
    "step",
    "test_accuracy",
    "test_loss",
    "train_accuracy",
    "train_loss",
]
FORM = ("n_layers", "n_classes", "channels", "kernel_size", "stride", "padding", "residual",
        "activation")  # fmt: skip


def write_small_cnn_zoo(
    folder: Path, runs: int = 6, steps: Sequence[int] = (0, 20, 86), dataset: str = "cifar10"
) -> np.ndarray:
    """Write the three files of a collection; run 1 stopped before its last step."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with (folder / "layout.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["varname", "start_idx", "end_idx", "size", "shape"])
        start = 0
        for layer, kind, shape in KERAS:
            size = int(np.prod(shape))
            table.writerow(
                [f"sequential/{layer}/{kind}:0", start, start + size, size, str(tuple(shape))]
            )
            start += size
    rows = []
    with gzip.open(folder / "metrics.csv.gz", "wt", newline="") as file:
        table = csv.DictWriter(file, TOLD)
        table.writeheader()
        for run in range(runs):
            for step in steps[: len(steps) - 1] if run == 1 else steps:
                rows.append(rng.standard_normal(start).astype(np.float32) * 0.3)
                score = dict(zip(TOLD[-4:], rng.random(4).tolist(), strict=True))
                table.writerow({
                    "config.activation": ("relu", "tanh")[run % 2], "config.b_init": "zeros",
                    "config.dataset": dataset, "config.dnn_architecture": "cnn",
                    "config.dropout": 0.1 * run, "config.epochs": 86, "config.l2reg": 1e-3,
                    "config.epochs_between_checkpoints": 20, "config.init_std": 0.05,
                    "config.learning_rate": 0.01 / (run + 1), "config.num_layers": 3,
                    "config.num_units": 16, "config.optimizer": "adam", "config.random_seed": 42,
                    "config.train_fraction": 0.5, "config.w_init": "he_normal",
                    "modeldir": f"/zoo/{run}", "step": step, **score,
                })  # fmt: skip
    matrix = np.stack(rows)
    np.save(folder / "weights.npy", matrix)
    return matrix


def keras_cnn(row: np.ndarray, images: np.ndarray, activation: str) -> np.ndarray:
    """Compute what Keras does: images `(N, H, W, 1)`, kernels `(h, w, in, out)`, no padding."""
    tensors, start = {}, 0
    for layer, kind, shape in KERAS:
        size = int(np.prod(shape))
        tensors[layer, kind] = row[start : start + size].reshape(shape).astype(np.float64)
        start += size
    x = images.astype(np.float64)
    for layer in ("conv2d", "conv2d_1", "conv2d_2"):
        kernel = tensors[layer, "kernel"]
        high, wide = ((size - 3) // 2 + 1 for size in x.shape[1:3])
        y = np.zeros((len(x), high, wide, kernel.shape[-1]))
        for i in range(high):
            for j in range(wide):
                patch = x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                y[:, i, j] = np.tensordot(patch, kernel, 3)
        y += tensors[layer, "bias"]
        x = np.tanh(y) if activation == "tanh" else np.maximum(y, 0)
    return x.mean((1, 2)) @ tensors["dense", "kernel"] + tensors["dense", "bias"]


class ParkCnn(nn.Module):
    """A CNN of CNN Wild Park: earlier activations are added to the channels that both have."""

    def __init__(self, form: dict[str, Any]) -> None:
        super().__init__()
        self.form = form
        sizes = zip(form["channels"], form["channels"][1:], strict=False)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, form["kernel_size"][i], form["stride"][i], form["padding"][i])
            for i, (a, b) in enumerate(sizes)
        )
        self.fc = nn.Linear(form["channels"][-1], form["n_classes"])

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for layer, source, word in zip(
            self.layers, self.form["residual"], self.form["activation"], strict=True
        ):
            x = layer(x)
            if source >= 0:
                both = min(x.shape[1], kept[source].shape[1])
                x = torch.cat([x[:, :both] + kept[source][:, :both], x[:, both:]], 1)
            x = x if word == "none" else getattr(F, word)(x)
            kept.append(x)
        return self.fc(x.mean((2, 3)))


@contextmanager
def authors_class() -> Iterator[Callable[..., Any]]:
    """Let the class of the forms be where the authors have it, while files are written."""
    path = "experiments.cnn_generalization.dataset.cnn_sampler"
    parts = [path.rsplit(".", i)[0] for i in range(path.count("."), 0, -1)] + [path]
    numbers, words = dict.fromkeys(FORM[2:7], list[int]), {"activation": list[str]}
    fields = {"n_layers": int, "n_classes": int, **numbers, **words}
    kind = make_dataclass("CNNConfig", fields.items(), frozen=True)
    kind.__module__ = path
    for name in parts:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[path].CNNConfig = kind  # type: ignore[attr-defined]
    try:
        yield kind
    finally:
        for name in parts:
            del sys.modules[name]


def write_cnn_wild_park(
    folder: Path, forms: Sequence[dict[str, Any]], numbers: Sequence[int] = (10, 20)
) -> dict[str, ParkCnn]:
    """Write checkpoints of ray.tune, with settings as OmegaConf's objects; give the last CNNs."""
    torch.manual_seed(0)
    written = {}
    with authors_class() as kind:
        for run, form in enumerate(forms):
            for number in numbers:
                net = ParkCnn(form)
                optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
                net(torch.ones(1, form["channels"][0], 8, 8)).sum().backward()
                optimizer.step()
                settings = {
                    "name": "cifar10_zooV2", "device": "cpu", "batch_size": 512,
                    "optimizer": {
                        "_target_": "torch.optim.AdamW", "lr": 0.001, "weight_decay": 0.0,
                    },
                    "data": {"efficient_dataset_path": Path("/data/efficient.pt")},
                    "model": kind(**form),
                }  # fmt: skip
                path = folder / f"NN_tune_{run:05d}" / f"checkpoint_{number:06d}" / "checkpoint.pt"
                path.parent.mkdir(parents=True)
                torch.save(
                    {
                        "model": net.state_dict(), "optimizer": optimizer.state_dict(),
                        "config": OmegaConf.create(settings).model, "iteration": number,
                        "experiment_id": "x", "timesteps_total": None, "time_total": 1.5,
                        "last_result": {
                            "test/acc": 0.1 * (run % 9) + 0.001 * number, "test/loss": 2.0,
                            "done": False, "config": settings,
                        },
                        "ray_version": "2.4.0",
                    },
                    path,
                )  # fmt: skip
                written[path.relative_to(folder).as_posix()] = net
    return written


def zoo_module(config: dict[str, Any]) -> nn.Module:
    """Build a network of ModelZoos, whose layers are all in one list."""
    word = {"leakyrelu": nn.LeakyReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "relu": nn.ReLU,
            "sigmoid": nn.Sigmoid, "silu": nn.SiLU}[config["model::nlin"]]  # fmt: skip
    rate, channels = config["model::dropout"], config["model::channels_in"]
    kind, layers = config["model::type"], []
    widths = {"CNN": (8, 6, 4), "CNN2": (6, 9, 6), "CNN3": (16, 32, 15)}[kind]
    kernels = (3, 3, 3) if kind == "CNN3" else (5, 5, 2)
    dropped = [nn.Dropout(rate)] if rate > 0 or kind == "CNN3" else []
    for i, (width, kernel) in enumerate(zip(widths, kernels, strict=True)):
        layers.append(nn.Conv2d(channels, width, kernel))
        pooled = i < 2 or kind == "CNN3"
        layers += [nn.MaxPool2d(2, 2), word(), *dropped] if pooled else [word()]
        channels = width
    features = widths[-1] * (4 if kind == "CNN3" else 9)
    layers += [nn.Flatten(), nn.Linear(features, 20), word(), *dropped, nn.Linear(20, 10)]
    net = nn.Module()
    net.module_list = nn.ModuleList(layers)
    net.forward = nn.Sequential(*layers).forward  # type: ignore[method-assign]
    return net.eval()


def write_model_zoo(
    folder: Path, configs: Sequence[dict[str, Any]], epochs: Sequence[int] = (0, 1, 2)
) -> dict[str, nn.Module]:
    """Write folders of ray.tune: settings, a log with a line for each epoch, and checkpoints."""
    torch.manual_seed(0)
    written = {}
    for run, config in enumerate(configs):
        own = folder / f"NN_tune_trainable_{run:05d}_seed={run},2021-01-01"
        own.mkdir(parents=True)
        (own / "params.json").write_text(json.dumps(config))
        lines = []
        for epoch in epochs:
            trained = epoch > 0
            lines.append(json.dumps({
                "train_loss": 1.0 / epoch if trained else -999,
                "train_acc": 0.2 * epoch if trained else -999,
                "test_loss": float("nan") if run == 99 else 2.0 - epoch,
                "test_acc": 0.1 * epoch + 0.01 * run,
                "training_iteration": epoch, "time_total_s": 1.0, "config": config,
            }))  # fmt: skip
            net = zoo_module(config)
            path = own / f"checkpoint_{epoch:06d}" / "checkpoints"
            path.parent.mkdir()
            torch.save(net.state_dict(), path)
            torch.save(torch.optim.Adam(net.parameters()).state_dict(), path.parent / "optimizer")
            written[path.relative_to(folder).as_posix()] = net
        (own / "result.json").write_text("\n".join(lines) + "\n")
    return written
