"""Alignment: the neurons of all networks permuted towards one training network, once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import graphgen
from graphgen.errors import GraphError
from graphgen.files import open_safetensors, read_document, write_safetensors
from graphgen.files.document import within
from graphgen.files.sealed import Replacement, read_part, staged
from pipelines.generation.population import Population, Rows, arrays_of, row_of
from pipelines.progress import progress
from pipelines.provenance import maker_of
from pipelines.runs.checkpoint import content_hash
from pipelines.runs.collection import INDEX, RUNS
from pipelines.settings import settings_hash

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
    identity = identity_of(how, graphs_hash)
    path = staged(folder, FILE, identity)
    values = kept_before(path, folder, identity, population.values.shape)
    if values is None:
        values = matched(population)
        write_aligned(path, values, identity)
    return replace(population, values=values)


def keep_aligned(new: Replacement, population: Population, how: str, graphs_hash: str) -> None:
    """Make the aligned networks a part of what a stage makes."""
    if how != "none":
        identity = identity_of(how, graphs_hash)
        new.add(FILE, lambda path: write_aligned(path, population.values, identity))


def identity_of(how: str, graphs_hash: str) -> str:
    """Identify what decides how networks are aligned."""
    return settings_hash("aligned", how, graphs_hash, maker_of(__name__))


def matched(population: Population) -> Rows:
    """Match every network with the first training network, (N, P)."""
    template = population.template
    target = arrays_of(template, population.values[population.indices["train"][0]])
    rows = []
    with progress("match", "network", len(population.values)) as shown:
        for row in population.values:
            weights = arrays_of(template, row)
            # Flows are over weights as they were trained: neurons change places, and nothing else.
            found = graphgen.match(population.net, target, weights, signs=False, scales=False)
            aligned = found.apply(weights)
            rows.append(row_of(template, aligned))
            shown.update()
    return np.stack(rows)


def write_aligned(path: Path, values: Rows, identity: str) -> None:
    """Write aligned networks with what they are, and a hash of both."""
    about = {"of": json.dumps(identity)}
    arrays = {"values": values}
    write_safetensors(path, arrays, {**about, "sha256": content_hash(arrays, about)})


def kept_before(path: Path, folder: Path, identity: str, shape: tuple[int, ...]) -> Rows | None:
    """Find what was aligned already, at `path` or in what the stage made last; None if nothing."""
    # A shared folder is read only inside itself.
    if within(folder, path) and (values := read_aligned(path, identity, shape)) is not None:
        return values
    try:
        path = read_part(folder, read_document(folder / INDEX, RUNS), FILE)
    except GraphError:
        return None
    return read_aligned(path, identity, shape)


def read_aligned(path: Path, identity: str, shape: tuple[int, ...]) -> Rows | None:
    """Read aligned networks; None where there are none, damaged ones, or those of others."""
    try:
        file = open_safetensors(path)
    except GraphError:
        return None
    about = {"of": file.metadata.get("of", "")}
    if about["of"] != json.dumps(identity):
        return None
    arrays = {name: np.array(array) for name, array in file.items()}
    if file.metadata.get("sha256") != content_hash(arrays, about) or list(arrays) != ["values"]:
        return None
    values = arrays["values"]
    good = values.shape == shape and values.dtype == np.float32 and np.isfinite(values).all()
    return values if good else None
