"""Computing views of networks of a graph set, and making those that are made from networks."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphgen import GraphSet
from metanet import Batch
from metanet.errors import MetanetError
from metanet.views import View
from metanet.views.exam import panel_size
from metanet.views.made import of_source
from pipelines.errors import PipelineError
from pipelines.graphs import opened_set
from pipelines.merge_settings import mixed
from pipelines.tasks.targets import read_values, split_networks
from pipelines.views.settings import Asked, families, making_options, source_of
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
            shape = [len(part.values), len(view.columns)]
            if view.level != "network":
                shape.insert(1, part.template.num_nodes)
            if list(values.shape) != shape or not values.isfinite().all():
                raise PipelineError(
                    f"got numbers of the shape {list(values.shape)}, "
                    f"{int((~values.isfinite()).sum())} of them not finite; expected {shape}, all "
                    "finite"
                )
            rows |= dict(zip(part.positions, values.to(part.values).numpy(), strict=True))
    return [rows[place] for place in range(len(chosen))], seconds


def described(call: tuple[Any, ...]) -> str:
    """Say what a call of `compute` computes."""
    graphs, _, family, _, _, chosen = call
    return f"{graphs}: the view {family!r} of networks {min(chosen)} to {max(chosen)}"


def making(asked: Asked) -> tuple[str, str, str, int | None]:
    """Say what is to be made from networks for a view: the same for all that can share it."""
    options = {**making_options(asked.family), **asked.options}
    source = source_of(asked.family)
    return source, json.dumps(options, sort_keys=True), str(asked.target), asked.networks


def make(
    graphs: str, identity: str, family: str, options: str, target: str, networks: int | None
) -> tuple[State, dict[str, Any], float]:
    """Make a view from training networks alone, so many or all of them; see `making`.

    Gives its state, what it was made of, and the processor seconds that it took.
    """
    graph_set = opened_set(graphs, identity)
    with one_thread(), naming(made((graphs, identity, family, options, target, networks))):
        check_one_dataset(graph_set, family)
        training = split_networks(graph_set, networks)["train"]
        scores = scores_of(graph_set, training, target)
        own = json.loads(options)
        # No more than these are read: a set may have many thousands.
        if "panel" in own:
            own["panel"] = own["panel"] or panel_size(len(scores))
        best = leading(scores, own.get("panel", len(scores)))
        batch = Batch.from_set(graph_set, [training[place] for place in best])
        begun = time.process_time()
        kind: Any = families()[family]
        view = kind.make(batch, [scores[place] for place in best], **own)
        seconds = time.process_time() - begun
    made_of = {
        "target": target,
        "networks": training,
        "content": [content(graph_set, i) for i in training],
    }
    return state_of(view), made_of, seconds


def check_one_dataset(graph_set: GraphSet, family: str) -> None:
    """Raise `PipelineError` for a graph set that was merged of zoos of several data sets."""
    datasets = {zoo["dataset"] for zoo in graph_set.index["about"].get("zoos", {}).values()}
    if len(datasets) > 1:
        raise PipelineError(mixed(family, datasets))


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
    graphs, _, family, *_, networks = call
    return f"{graphs}: making the view {family!r} of {networks or 'all'} training networks"


def scores_of(graph_set: GraphSet, training: Sequence[int], target: str) -> list[float]:
    """Read by what training networks are ranked; `PipelineError` for what is no number."""
    values = read_values(graph_set, target)
    wrong = [i for i in training if not isinstance(values[i], int | float)]
    if wrong:
        raise PipelineError(
            f"{target!r} of network {wrong[0]} is {values[wrong[0]]!r}, expected a number"
        )
    return [float(values[i]) for i in training]


def leading(scores: Sequence[float], count: int) -> list[int]:
    """Give the places of the highest scores, the first of equal ones first, in order of place."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    return sorted(order[:count].tolist())


def content(graph_set: GraphSet, i: int) -> str:
    """Identify a network by its architecture and weights."""
    digest = hashlib.sha256(graph_set.records[i]["architecture"].encode())
    for name, tensor in graph_set[i].tensors.items():
        digest.update(f"{name} {tensor.dtype}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Put what is done before what is wrong with it."""
    try:
        yield
    except (MetanetError, PipelineError) as error:
        raise PipelineError(f"{what}: {error}") from None
