"""Answers: what a predictor of accuracy says of somebody's networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import graphgen
import metanet
from graphgen import Graph
from graphgen.errors import concerning
from metanet import AccuracyPredictor
from metanet.predictor.answer import Answer
from pipelines.commands.networks import network_of
from pipelines.errors import PipelineError
from pipelines.runs.restore import applying

BOXED = "accuracy"


def answers(
    net: str | Path,
    weights: Sequence[str | Path] = (),
    variables: Mapping[str, Any] | None = None,
    model: str | Path = BOXED,
) -> Iterator[tuple[str, Answer]]:
    """Say of networks how accurate they are, by the predictor of the package or another one.

        for place, answer in answers("net.yaml", ["a.safetensors"]):
            print(place, answer)

    `net` is an architecture in YAML with weights in files, a model that has its own, a graph set or
    a zoo. Raises `PipelineError` for a model that is no predictor of accuracy, and `GraphError` for
    weights that do not fit or are not finite.
    """
    predictor = metanet.load(model)
    if not isinstance(predictor, AccuracyPredictor):
        raise PipelineError(
            f"{model}: is a {type(predictor).__name__}, expected a predictor of accuracy, as "
            "`gmn fit` makes one; a metanet without its task predicts nothing"
        )
    for place, graph in networks(Path(net), [Path(one) for one in weights], variables or {}):
        with concerning(place):
            graph.check_values()
        with applying(place):
            yield place, predictor.explain(graph)[0]


def networks(
    net: Path, weights: Sequence[Path], variables: Mapping[str, Any]
) -> Iterator[tuple[str, Graph]]:
    """Give the graphs of networks, each with what it is called."""
    if weights or not net.is_dir():
        yield from of_files(net, weights, variables)
        return
    from pipelines.prediction import kind_of
    from pipelines.zoo.index import ZOO
    from pipelines.zoo.reading import open_zoo, opened_zoo

    kind = kind_of(net)
    if kind == ZOO.format:
        index = open_zoo(net)
        for i, row in enumerate(index["networks"]):
            if row["status"] == "trained":
                own, tensors = opened_zoo(str(net), index["hash"]).network(i)
                yield f"{net}, network {i}", graphgen.compile(own, tensors)
    elif kind is not None:
        graphs = graphgen.GraphSet.open(net)
        for i in range(len(graphs)):
            yield f"{net}, network {i}", graphs[i]
    else:
        yield from of_files(net, weights, variables)


def of_files(
    net: Path, weights: Sequence[Path], variables: Mapping[str, Any]
) -> Iterator[tuple[str, Graph]]:
    """Give the graphs of networks of one architecture, or that of a model."""
    several: Sequence[Path | None] = weights or (None,)
    for one in several:
        own, checkpoint, place = network_of(net, one, variables)
        yield str(place), graphgen.compile(own, checkpoint.weights)
