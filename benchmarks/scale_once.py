"""One measurement of `scale` in a process of its own, as JSON: `scale_once.py NAME [NUMBER ...]`.

A process measures its own peak of memory, so that each begins anew; what a process needs once, as
its imports, is not counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networks
import numpy as np
import torch
from result import peak_memory

import graphgen
import metanet
import spec
from graphgen.testing import random_weights

Numbers = dict[str, float]
SMALL = """
inputs: {x: [8]}
layers: [linear: {out_features: 14}, relu, linear: {out_features: 5}]
"""
WIDE = """
vars: {width: 8}
inputs: {x: [8]}
layers: [linear: {out_features: $width}, relu, linear: {out_features: $width}, relu,
         linear: {out_features: 4}]
"""


def write_set(folder: str, count: str) -> Numbers:
    """Write a graph set of small networks, 201 parameters each, drawn one after the other."""
    net, rng = spec.loads(SMALL), np.random.default_rng(0)
    total = sum(int(np.prod(shape)) for shape in net.parameters.values())

    def drawn() -> Iterator[Any]:
        for _ in range(int(count)):
            flat, weights, start = rng.standard_normal(total, dtype=np.float32), {}, 0
            for name, shape in net.parameters.items():
                size = int(np.prod(shape))
                weights[name] = flat[start : start + size].reshape(shape)
                start += size
            yield net, weights, {"accuracy": 0.5}

    before, began = peak_memory(), time.process_time()
    graphgen.GraphSet.write(folder, drawn(), rows_per_shard=1 << 15)
    return {
        "seconds": time.process_time() - began,
        "bytes": peak_memory() - before,
        "parameters": total,
        "disk": sum(file.stat().st_size for file in Path(folder).iterdir()),
        "index": (Path(folder) / "index.json").stat().st_size,
    }


def read_set(folder: str) -> Numbers:
    """Open a graph set, and make one batch of all its networks."""
    metanet.Batch.from_graphs([graphgen.compile(net, one(net)) for net in [spec.loads(SMALL)]])
    before, began = peak_memory(), time.process_time()
    graphs = graphgen.GraphSet.open(folder)
    opened = time.process_time()
    batch = metanet.Batch.from_set(graphs, range(len(graphs)))
    (part,) = batch.parts
    last = graphs[len(graphs) - 1]
    row = np.concatenate([array.reshape(-1) for array in last.tensors.values()])
    assert np.array_equal(part.values[-1].numpy(), row)
    return {
        "open": opened - began,
        "seconds": time.process_time() - opened,
        "bytes": peak_memory() - before,
        "networks": batch.num_networks,
        "values": part.values.nbytes,
    }


def step(width: str, hidden: str, layers: str, kind: str) -> Numbers:
    """Take a GMN through one wide network: `train`, `checkpoint` (train with less) or `infer`."""
    return through(lambda size: spec.loads(WIDE, width=size), int(width), hidden, layers, kind)


def resnet50(hidden: str, layers: str, kind: str) -> Numbers:
    """Take a GMN through a ResNet-50, whose taps are folded."""
    small = networks.resnet((1, 1, 1, 1))
    return through(lambda size: networks.resnet50() if size else small, 1, hidden, layers, kind)


def llama7b(count: str) -> Numbers:
    """Lower a network of Llama 7B's shape, and stream the features of its first edges."""
    net = networks.llama7b()
    before, began = peak_memory(), time.process_time()
    template = graphgen.template(net)
    lowered = time.process_time()
    edges = 0
    for run, columns in graphgen.stream_features(template):
        edges = run.stop
        width = columns.shape[1]
        if edges >= int(count):
            break
    return {
        "template": lowered - began,
        "seconds": time.process_time() - lowered,
        "bytes": peak_memory() - before,
        "streamed": edges,
        "columns": width,
        "edges": template.num_edges,
    }


def one(net: spec.Architecture) -> dict[str, np.ndarray[Any, Any]]:
    """Draw the weights of a network."""
    return random_weights(net, np.random.default_rng(0), np.float32)


def through(
    make: Callable[[int], spec.Architecture], size: int, hidden: str, layers: str, kind: str
) -> Numbers:
    """Measure one step on one network, after one on a small one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    result: Numbers = {}
    for wanted in (0, size):
        net = make(wanted or 8) if size > 1 else make(wanted)
        graph = graphgen.compile(net, one(net))
        batch = metanet.Batch.from_graphs([graph])
        model = metanet.GMN(hidden=int(hidden), layers=int(layers), checkpoint=kind == "checkpoint")
        before, began = peak_memory(), time.process_time()
        if kind == "infer":
            with torch.no_grad():
                model(batch)
        else:
            model(batch).square().mean().backward()
        result = {
            "seconds": time.process_time() - began,
            "bytes": peak_memory() - before,
            "parameters": batch.parts[0].values.shape[1],
            "edges": edges_of(model, batch),
            "layers": int(layers),
        }
    return result


def edges_of(model: metanet.GMN, batch: metanet.Batch) -> int:
    """Count the edges that a model reads: kernels up to its own size are one each."""
    from metanet.plan import plan_of

    return plan_of(batch, model.trunk.taps).num_edges


MEASURED: dict[str, Callable[..., Numbers]] = {
    each.__name__: each for each in (write_set, read_set, step, resnet50, llama7b)
}

if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    name, *arguments = sys.argv[1:]
    print(json.dumps(MEASURED[name](*arguments)))
