"""Computing views of networks of a graph set, and making those that are made from networks."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch
from metanet.views import View
from metanet.views.made import of_source
from pipelines.errors import PipelineError
from pipelines.graphs import opened_set
from pipelines.views.making import described as described_making
from pipelines.views.making import naming, sources
from pipelines.views.settings import families
from pipelines.workers import one_thread, pieces

TOGETHER, LARGEST = 64, 1 << 22
"""Networks that a view is computed for at a time, and numbers that these have at most."""

State = dict[str, NDArray[Any]]


def view_from(family: str, options: Mapping[str, Any], state: State) -> View:
    """Make a view of its options, or of the state of one that was made from networks."""
    kind: Any = families()[family]
    if state:
        found: View = kind.from_state(tensors(state))
        return found
    plain: View = kind(**options)
    return plain


def cut(graph_set: GraphSet) -> list[list[int]]:
    """Cut the networks of a set into pieces to compute at a time, ordered by architecture."""
    order: dict[str, list[int]] = {}
    for i, record in enumerate(graph_set.records):
        order.setdefault(record["architecture"], []).append(i)
    sizes = {
        key: sum(prod(shape) for shape in graph_set.architectures[key].parameters.values())
        for key in order
    }
    networks = [i for own in order.values() for i in own]
    weights = [sizes[graph_set.records[i]["architecture"]] for i in networks]
    return [
        networks[piece.start : piece.stop]
        for piece in pieces(len(networks), TOGETHER, weights, LARGEST)
    ]


def compute(
    graphs: str, identity: str, family: str, options: str, state: State, chosen: list[int]
) -> tuple[list[NDArray[Any]], float]:
    """Compute a view for networks: the numbers of each, and the processor seconds it took.

    Raises `PipelineError` for networks that the view is none of, and for numbers not finite.
    """
    graph_set = opened_set(graphs, identity)
    with one_thread(), naming(described((graphs, identity, family, options, state, chosen))):
        view = view_from(family, json.loads(options), state)
        batch = Batch.from_set(graph_set, chosen)
        begun = time.process_time()
        found = [view.compute(part).detach() for part in batch.parts]
        seconds = time.process_time() - begun
        rows: dict[int, NDArray[Any]] = {}
        for part, values in zip(batch.parts, found, strict=True):
            shape = view.shape(part)
            if tuple(values.shape) != shape or not values.isfinite().all():
                raise PipelineError(
                    f"got numbers of the shape {list(values.shape)}, "
                    f"{int((~values.isfinite()).sum())} of them not finite; expected "
                    f"{list(shape)}, all finite"
                )
            rows |= dict(zip(part.positions, values.to(part.values).numpy(), strict=True))
    return [rows[place] for place in range(len(chosen))], seconds


def described(call: tuple[Any, ...]) -> str:
    """Say what a call of `compute` computes."""
    graphs, _, family, _, _, chosen = call
    return f"{graphs}: the view {family!r} of networks {min(chosen)} to {max(chosen)}"


def make(
    graphs: str, identity: str, family: str, options: str, target: str, networks: int | None
) -> tuple[State, dict[str, Any], float]:
    """Make a view from training networks alone, so many or all of them; see `making`.

    Gives its state, what it was made of, and the processor seconds that it took.
    """
    graph_set = opened_set(graphs, identity)
    with one_thread(), naming(made((graphs, identity, family, options, target, networks))):
        found = sources(graph_set, (family, options, target, networks))
        # No more than those that lead are read: a set may have many thousands.
        batch = Batch.from_set(graph_set, [found.networks[place] for place in found.leading])
        scores = [found.scores[place] for place in found.leading]
        begun = time.process_time()
        kind: Any = families()[family]
        view = kind.make(batch, scores, **found.options)
        seconds = time.process_time() - begun
    made_of = {
        "target": target,
        "networks": found.networks,
        "content": [content(graph_set, i) for i in found.networks],
    }
    return state_of(view), made_of, seconds


def state_from(family: str, source: str, state: State) -> State:
    """Give the state of a view that is made of another one, by that one's; or it is that one."""
    return state_of(of_source(families()[family], view_from(source, {}, state)))


def state_of(view: Any) -> State:
    """Give the state of a view as arrays."""
    return {name: tensor.cpu().numpy() for name, tensor in view.state().items()}


def tensors(state: State) -> dict[str, Tensor]:
    """Give a state as tensors of its own."""
    return {name: torch.tensor(array) for name, array in state.items()}


def made(call: tuple[Any, ...]) -> str:
    """Say what a call of `make` makes."""
    graphs, _, family, options, target, networks = call
    return f"{graphs}: {described_making((family, options, target, networks))}"


def content(graph_set: GraphSet, i: int) -> str:
    """Identify a network by its architecture and weights."""
    digest = hashlib.sha256(graph_set.records[i]["architecture"].encode())
    for name, tensor in graph_set[i].tensors.items():
        digest.update(f"{name} {tensor.dtype}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()
