"""Predicting over many networks: a graph set, a zoo, or files of weights, shared out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import graphgen
from graphgen.errors import GraphError, concerning
from graphgen.files import write_bytes
from graphgen.files.document import peek
from graphgen.graph_set_index import GRAPH_SET, INDEX
from metanet import Batch
from pipelines.devices import CPU, shared_devices
from pipelines.errors import PipelineError
from pipelines.graphs import opened_set
from pipelines.runs.preload import PREDICTING
from pipelines.runs.restore import applying
from pipelines.stamps import Stamp, stamp
from pipelines.tasks.task import EVALUATED_AT_ONCE, batch_of, place_of
from pipelines.training.predictor import Predictor
from pipelines.training.trained import Trained
from pipelines.workers import fan_out, one_thread, pieces
from pipelines.zoo.index import ZOO
from pipelines.zoo.reading import open_zoo, opened_zoo
from spec import Architecture

TOGETHER = 4 * EVALUATED_AT_ONCE
"""Networks that a worker predicts for at a time."""


@dataclass(frozen=True)
class Networks:
    """Networks of a graph set, of a zoo, or of one architecture in files: plain data.

    Attributes:
        place: the folder, or the file of the architecture.
        identity: the hash of what is in the folder.
        kind: the format of the folder's index; None of files.
        variables: those of the architecture, in JSON.
    """

    place: str
    identity: str = ""
    kind: str | None = None
    variables: str = "{}"

    def batch(self, chosen: Sequence[Any], model: nn.Module) -> Batch:
        """Collect networks, by their places in the index or by their files.

        Those of a graph set bring the views that a model reads, where the set keeps them.
        """
        if self.kind == GRAPH_SET.format:
            return batch_of(opened_set(self.place, self.identity), chosen, model)
        graphs = []
        for one in chosen:
            if self.kind == ZOO.format:
                where = f"{self.place}, network {one}"
                net, weights = opened_zoo(self.place, self.identity).network(int(one))
                graph = graphgen.compile(net, weights)
            else:
                where = str(one)
                graph = graphgen.compile(
                    read_net(self.place, self.variables, stamp(self.place)), where
                )
            with concerning(where):
                graph.check_values()
            graphs.append(graph)
        return Batch.from_graphs(graphs)


@dataclass(frozen=True)
class Predicted:
    """What a metanet says of some networks.

    Attributes:
        records: of each network what is known of it, such as its `family`.
        answers: what is predicted, (networks, ...), as `Predictor.predict` gives it.
        words: the same in words.
    """

    records: list[dict[str, Any]]
    answers: NDArray[np.float64]
    words: list[str]

    def write(self, file: str | Path) -> None:
        """Write a table (CSV): of each network its place, what it is, and what is predicted."""
        own = ("network", "index", "family", "split")
        shared = [name for name in own if all(name in record for record in self.records)]
        several = self.answers.ndim > 1
        columns = (
            [f"predicted {i}" for i in range(self.answers.shape[1])] if several else ["predicted"]
        )
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*shared, *columns])
        for record, answer in zip(self.records, self.answers, strict=True):
            writer.writerow([*(record[name] for name in shared), *np.atleast_1d(answer).tolist()])
        write_bytes(Path(file), text.getvalue().encode())


def is_population(folder: str | Path) -> bool:
    """Say whether a folder holds a graph set or a zoo."""
    return kind_of(Path(folder)) is not None


def kind_of(folder: Path) -> str | None:
    """Give the format of a folder that holds a graph set or a zoo, else None."""
    if not (folder / INDEX).is_file():
        return None
    try:
        found = peek(folder / INDEX)
    except GraphError:
        return None
    known = (GRAPH_SET.format, ZOO.format)
    return found["format"] if isinstance(found, dict) and found.get("format") in known else None


def predict_over(
    run: str | Path,
    folder: str | Path,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = CPU,
) -> Predicted:
    """Predict for all networks of a graph set, or for all trained ones of a zoo.

        found = predict_over("out/train/gmn-seed0", "out/graphs", workers=4)
        dict(zip([record["network"] for record in found.records], found.answers))

    A record's `network` is the place in the index. The numbers are the same whatever the number of
    `workers` and on a Dask `scheduler`, whose workers have to see both folders.

    Raises `PipelineError` for a folder that holds neither, and for networks that the metanet does
    not take.
    """
    place = Path(folder)
    kind = kind_of(place)
    if kind is None:
        raise PipelineError(
            f"{place}: holds neither a graph set nor a zoo; make one by `gmn zoo` or `gmn compile`"
        )
    if kind == ZOO.format:
        index = open_zoo(place)
        chosen = [i for i, row in enumerate(index["networks"]) if row["status"] == "trained"]
    else:
        index = graphgen.GraphSet.open(place).index
        chosen = list(range(len(index["networks"])))
    networks = Networks(str(place), index["hash"], kind)
    answers, words = predicted(run, networks, chosen, workers, scheduler, device)
    rows = [index["networks"][i] for i in chosen]
    records = [{**row, "network": i} for i, row in zip(chosen, rows, strict=True)]
    return Predicted(records, answers, words)


def predict_files(
    run: str | Path,
    net: str | Path,
    files: Sequence[str | Path],
    variables: Mapping[str, Any] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = CPU,
) -> list[str]:
    """Put into words what a metanet predicts for networks of one architecture, in files.

    predict_files("out/train/gmn-seed0", "net.yaml", ["a.safetensors", "b.safetensors"])
    """
    networks = Networks(str(net), variables=json.dumps(dict(variables or {}), default=str))
    return predicted(run, networks, [str(file) for file in files], workers, scheduler, device)[1]


def predicted(
    run: str | Path,
    networks: Networks,
    chosen: Sequence[Any],
    workers: int | None,
    scheduler: str | None,
    device: str,
) -> tuple[NDArray[np.float64], list[str]]:
    """Predict for networks, shared out; give the answers, and their words."""
    predictor = Predictor.load(run)
    if scheduler is not None:
        run = whole(run)
        networks = replace(networks, place=whole(networks.place))
        chosen = [whole(one) if isinstance(one, str) else one for one in chosen]
    places = shared_devices(device, scheduler)
    if CPU not in places:
        workers = workers or len(places)
    cut = pieces(len(chosen), TOGETHER)
    identity = predictor.trained.about["run"]
    calls = [
        (str(run), identity, place, networks, list(chosen[p.start : p.stop]))
        for p, place in zip(cut, cycle(places), strict=False)
    ]
    sizes = [len(piece) for piece in cut]
    preload = [__name__, *PREDICTING]
    found = list(
        fan_out(outputs_for, calls, workers, scheduler, preload, described, "predict", sizes)
    )
    if not found:
        raise PipelineError(f"{networks.place}: there is no network to predict for")
    with applying(f"{run}, for {networks.place}"):
        answers = predictor.read(torch.from_numpy(np.concatenate(found)))
    state = predictor.trained.state
    return answers, [predictor.task.say(answer, state) for answer in answers]


def outputs_for(
    run: str, identity: str, device: str, networks: Networks, chosen: list[Any]
) -> NDArray[np.float32]:
    """Give a metanet's outputs for networks, (networks, outputs), batch after batch."""
    model = loaded_run(run, identity, device).model.eval()
    place = place_of(model)
    batches = [chosen[i : i + EVALUATED_AT_ONCE] for i in range(0, len(chosen), EVALUATED_AT_ONCE)]
    where = described((run, identity, device, networks, chosen))
    with one_thread(), torch.no_grad(), applying(f"{run}, for {where}"):
        outputs: NDArray[np.float32] = torch.cat(
            [model(networks.batch(b, model).to(place)).cpu() for b in batches]
        ).numpy()
    return outputs


def described(call: tuple[Any, ...]) -> str:
    """Say which networks a call of `outputs_for` predicts for."""
    *_, networks, chosen = call
    if networks.kind is None:
        return ", ".join(chosen[:3]) + (f" and {len(chosen) - 3} more" if len(chosen) > 3 else "")
    return f"{networks.place}: networks {chosen[0]} to {chosen[-1]}"


@lru_cache(maxsize=1)
def loaded_run(folder: str, identity: str, device: str) -> Trained:
    """Read a metanet once in a process; `PipelineError` if it is of another run."""
    trained = Trained.load(folder, device)
    if trained.about["run"] != identity:
        raise PipelineError(f"{folder}: was replaced while it was used; run the same command again")
    return trained


@lru_cache(maxsize=1)
def read_net(place: str, variables: str, _: Stamp | None) -> Architecture:
    """Read the architecture of files, YAML or a model, once in a process."""
    from pipelines.commands.networks import architecture_of

    return architecture_of(Path(place), json.loads(variables))


def whole(path: str | Path) -> str:
    """Give a path as processes of another working directory find it."""
    return str(Path(path).resolve())
