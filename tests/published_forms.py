"""Settings of the networks of published sets: forms of CNN Wild Park, settings of ModelZoos."""

from __future__ import annotations

from typing import Any

from published_sets import FORM


def form(**fields: Any) -> dict[str, Any]:
    """Give the form of a CNN of three convolutions, but for these fields."""
    plain = {
        "n_layers": 3, "n_classes": 10, "channels": [3, 4, 8, 6], "kernel_size": [3, 5, 7],
        "stride": [1, 1, 1], "padding": [1, 2, 3], "residual": [-1, -1, 0],
        "activation": ["relu", "gelu", "tanh"],
    }  # fmt: skip
    return {name: fields.get(name, plain[name]) for name in FORM}


FORMS = [
    form(),  # more channels than were added
    form(channels=[3, 8, 4, 2], activation=["none", "sigmoid", "leaky_relu"]),  # fewer
    form(
        n_layers=4, channels=[3, 4, 4, 4, 4], kernel_size=[3, 3, 3, 3], stride=[1] * 4,
        padding=[1] * 4, residual=[-1, -1, 0, 1], activation=["gelu"] * 4,
    ),
    form(n_layers=1, channels=[3, 5], kernel_size=[3], stride=[1], padding=[1], residual=[-1],
         activation=["relu"]),
]  # fmt: skip


def config(kind: str = "CNN", word: str = "tanh", dropout: float = 0.0, **more: Any) -> dict:
    """Give the settings of a network of ModelZoos."""
    return {
        "model::type": kind, "model::channels_in": 1, "model::o_dim": 10, "model::nlin": word,
        "model::dropout": dropout, "model::init_type": "uniform", "model::use_bias": False,
        "optim::optimizer": "adam", "optim::lr": 0.0003, "optim::wd": 0.0, "seed": 7,
        "training::batchsize": 10, "dataset::dump": "/somewhere/dataset.pt", **more,
    }  # fmt: skip


CONFIGS = [
    config(),
    config(word="gelu", dropout=0.5),
    config("CNN2", "leakyrelu", **{"model::channels_in": 3}),
    config("CNN2", "silu", 0.2),
    config("CNN3", "sigmoid", 0, **{"model::channels_in": 3}),
]
