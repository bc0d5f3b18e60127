"""Alignment: the neurons of all networks permuted towards one training network, once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

import graphgen
from graphgen.errors import GraphError
from graphgen.files import open_safetensors, write_safetensors
from pipelines.generation.population import Population, Rows, arrays_of, row_of

FILE = "aligned.safetensors"


def align(population: Population, how: str, graphs_hash: str, folder: Path) -> Population:
    """Give the population with its networks aligned: `none`, or `match`.

        aligned = align(population, "match", graph_set.hash, Path("out/flow"))

    `match` permutes the hidden neurons of every network so that its weights come close to those of
    the first training network (Ainsworth, Hayase & Srinivasa, ICLR 2023); what the networks compute
    stays. The result is kept in `folder`, and read from there the next time.
    """
    if how == "none":
        return population
    path = folder / FILE
    values = read_aligned(path, graphs_hash)
    if values is None or values.shape != population.values.shape:
        values = matched(population)
        write_safetensors(path, {"values": values}, {"graphs": json.dumps(graphs_hash)})
    return replace(population, values=values)


def matched(population: Population) -> Rows:
    """Match every network with the first training network, (N, P)."""
    template = population.template
    target = arrays_of(template, population.values[population.indices["train"][0]])
    rows = []
    for row in tqdm(population.values, unit="network", desc="match"):
        weights = arrays_of(template, row)
        aligned = graphgen.match(population.net, target, weights).apply(weights)
        rows.append(row_of(template, aligned))
    return np.stack(rows)


def read_aligned(path: Path, graphs_hash: str) -> Rows | None:
    """Read what was kept; None where there is nothing, or it is of another graph set."""
    try:
        file = open_safetensors(path)
    except GraphError:
        return None
    if json.loads(file.metadata.get("graphs", "null")) != graphs_hash:
        return None
    return np.array(file["values"], dtype=np.float32)
