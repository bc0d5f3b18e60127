"""Small graph sets with views, written without computing any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import spec
from graphgen import GraphSet
from graphgen.files import replacing
from graphgen.graph_set_index import INDEX
from graphgen.stored_view import FOLDER
from graphgen.stored_view_index import VIEW
from graphgen.stored_view_writer import ViewWriter
from graphgen.testing import random_weights

MLP = """
inputs: {x: [1, 6, 6]}
layers: [flatten, {linear: {out_features: 4}}, relu, {linear: {out_features: 3}}]
"""
CNN = """
inputs: {x: [1, 6, 6]}
layers: [{conv2d: {out_channels: 3, kernel_size: 3}}, relu, flatten, {linear: {out_features: 3}}]
"""
SPLITS = ("train", "train", "train", "validation", "test", "test")


def write_set(folder: Path, count: int = 18, seed: int = 0, dtype: str = "float32") -> GraphSet:
    """Write networks of two architectures in turn, which tell three classes apart."""
    nets = [spec.loads(MLP), spec.loads(CNN)]
    rng = np.random.default_rng(seed)
    rows: list[Any] = []
    for i in range(count):
        net = nets[i % 2]
        record = {
            "split": SPLITS[i % len(SPLITS)],
            "family": ["mlp", "cnn"][i % 2],
            "metrics": {"test_accuracy": float(rng.random())},
        }
        rows.append((net, random_weights(net, rng, np.dtype(dtype)), record))
    return GraphSet.write(folder, rows, rows_per_shard=7, replace=True)


def numbers(graph_set: GraphSet, level: str, columns: int, dtype: str) -> list[NDArray[Any]]:
    """Draw the numbers of each network."""
    rng = np.random.default_rng(1)
    return [
        rng.normal(
            size=(columns,) if level == "network" else (graph_set.template(i).num_nodes, columns)
        ).astype(dtype)
        for i in range(len(graph_set))
    ]


def write_view(
    graph_set: GraphSet,
    name: str,
    level: str = "network",
    columns: int = 2,
    dtype: str = "float32",
    state: dict[str, NDArray[Any]] | None = None,
    **changes: Any,
) -> list[NDArray[Any]]:
    """Write a view of drawn numbers, in an order that is not that of the networks; give them."""
    rows = numbers(graph_set, level, columns, dtype)
    order = [i for start in (0, 1) for i in range(start, len(graph_set), 2)]
    about = {
        "name": name,
        "view": name.partition("-")[0],
        "level": level,
        "columns": [f"column_{i}" for i in range(columns)],
        "options": {},
        "graph_set": graph_set.hash,
        "code": "0" * 64,
        "identity": "1" * 64,
        "seconds": {"make": 0.0, "compute": 0.5},
        **changes,
    }
    with replacing(graph_set.folder / FOLDER / name, INDEX, VIEW, replace=True) as new:
        writer = ViewWriter(new, dtype)
        for start in range(0, len(order), 5):
            own = order[start : start + 5]
            writer.add(own, [rows[i] for i in own])
            if start == 5:
                writer.flush()
        writer.finish(about, state or {})
    return rows
