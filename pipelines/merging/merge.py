"""Networks merged into one, and written as the first of them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import graphgen
from graphgen.errors import concerning
from graphgen.files import claim_file
from graphgen.finite import check_finite
from pipelines.errors import PipelineError
from pipelines.merging.recipe import Recipe
from spec import Architecture

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Merged:
    """A network that was made of others: its file, and how far each was from the first.

    `before` and `after` are Euclidean distances over all trainable tensors, before they were
    brought into one frame and after.
    """

    out: str
    method: str
    networks: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


def merge_networks(
    net: Architecture | Sequence[Architecture],
    recipe: Recipe,
    out: str | Path,
    align: bool = True,
    maps: str | None = "orthogonal",
    streams: bool = False,
    inputs: Sequence[NDArray[Any]] | None = None,
    replace: bool = False,
) -> Merged:
    """Merge trained networks of one architecture, or of several widths of it, into one.

        recipe = Recipe("linear", ("a.safetensors", "b.safetensors"), (1, 1))
        merge_networks(net, recipe, "middle.safetensors")

    They are aligned first (`graphgen.align`), which `maps` and `streams` are for. With `inputs`, a
    batch of each of the network's, statistics are renormalised afterwards (`graphgen.renormalise`).
    The file is written as that of the first network is. Where `net` lists an architecture for each
    network, as that of the first of the widest, of whose architecture the result is. Raises
    `PipelineError` for a recipe that does not fit, `GraphError` for weights that do not, and where
    what is made of them is larger than its dtype holds.
    """
    claim_file(Path(out), replace)
    needed = 2 if recipe.method != "linear" else 1
    if len(recipe.names) < max(needed, 2):
        raise PipelineError(f"merging needs two networks or more, got {len(recipe.names)}")
    nets = list(net) if isinstance(net, Sequence) else [net] * len(recipe.names)
    if len(nets) != len(recipe.names):
        raise PipelineError(f"got {len(nets)} architectures of {len(recipe.names)} networks")
    unequal = len({own.hash for own in nets}) > 1
    if unequal and not align:
        raise PipelineError("networks of unequal widths are merged only if they are aligned")
    files = [
        graphgen.Checkpoint.read(own, name) for own, name in zip(nets, recipe.names, strict=True)
    ]
    given: list[Any] = [file.weights for file in files]
    for own, file, name in zip(nets, files, recipe.names, strict=True):
        with concerning(name):
            check_finite({key: file.weights[key] for key in own.parameters})
    net, networks, form = nets[0], given, files[0]
    if align:
        universe = graphgen.align(nets if unequal else net, given, maps, streams)
        networks = universe.networks()
    if align and unequal:
        net, given = universe.net, universe.unaligned()
        widest = [file for own, file in zip(nets, files, strict=True) if own.hash == net.hash]
        if not widest:
            raise PipelineError(
                "no network has as many units of all families as any other has: widen one first "
                "(`gmn widen --to FAMILY=NUMBER`; `gmn units` lists families)"
            )
        form = widest[0]
    found = recipe.merged(networks)
    if inputs is not None:
        shares = {"linear": recipe.shares, "slerp": (1 - recipe.shares[0], recipe.shares[0])}
        ends = networks if recipe.method in shares else None
        found = graphgen.renormalise(net, found, inputs, ends, shares.get(recipe.method))
    if recipe.dtype is not None:
        kind = dtype_of(recipe.dtype)
        found = {n: a.astype(kind) if n in net.parameters else a for n, a in found.items()}
    with concerning(f"{recipe.method} of {', '.join(recipe.names)}"):
        check_finite({name: found[name] for name in net.parameters})
    form.write(out, found, replace)
    before, after = (
        tuple(distance(net, own[0], other) for other in own) for own in (given, networks)
    )
    return Merged(str(out), recipe.method, recipe.names, before, after)


def dtype_of(name: str) -> Any:
    """Give numpy's dtype, also of bfloat16."""
    import ml_dtypes

    return ml_dtypes.bfloat16 if name == "bfloat16" else np.dtype(name)


def distance(net: Architecture, a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """Give the distance of two networks, over all trainable tensors."""
    squares = [np.square(a[n].astype(float) - b[n].astype(float)).sum() for n in net.parameters]
    return float(np.sqrt(sum(squares)))
