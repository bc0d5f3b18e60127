"""Processor seconds from weights to the input of a metanet, a network, on one thread."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from result import Measure, save

import graphgen
import metanet
import spec
from graphgen.testing import random_weights

NETWORKS = 1000
ARCHITECTURES = 32
ROUNDS = 9
INR = """
vars: {width: 32}
inputs: {x: [2]}
layers: [linear: {out_features: $width}, sine, linear: {out_features: $width}, sine,
         linear: {out_features: 1}]
"""
CNN = """
vars: {width: 8}
inputs: {x: [1, 8, 8]}
layers:
  - repeat:
      times: 2
      layers: [conv2d: {out_channels: $width, kernel_size: 3, padding: 1}, batch_norm, relu]
  - adaptive_avg_pool2d: {output_size: 1}
  - flatten
  - linear: {out_features: 10}
"""
Weights = dict[str, np.ndarray]


def made(nets: list[spec.Architecture]) -> list[tuple[graphgen.Template, Weights]]:
    """Give the networks of a set, which take turns in the architectures."""
    rng = np.random.default_rng(0)
    chosen = [nets[i % len(nets)] for i in range(NETWORKS)]
    return [(graphgen.template(net), random_weights(net, rng, np.float32)) for net in chosen]


def bound(networks: list[tuple[graphgen.Template, Weights]]) -> metanet.Batch:
    """Bind all networks of a set, and batch their graphs."""
    return metanet.Batch.from_graphs([template.bind(weights) for template, weights in networks])


def blocks_of(networks: list[tuple[graphgen.Template, Weights]]) -> None:
    """Bind all networks of a set, and ask each graph for its blocks."""
    for template, weights in networks:
        _ = template.bind(weights).blocks


def microseconds(work: Callable[[], object]) -> float:
    """Give the median of the processor time a network, over some rounds."""
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return 1e6 * median(found) / NETWORKS


def main() -> None:
    torch.set_num_threads(1)
    measures = {}
    for name, text in (("INR 2-32-32-1", INR), ("small CNN", CNN)):
        networks = made([spec.loads(text)])
        value = microseconds(lambda networks=networks: bound(networks))
        measures[f"{name}, one architecture: bind and batch"] = Measure(value, "us", 25)
        value = microseconds(lambda networks=networks: blocks_of(networks))
        measures[f"{name}, one architecture: bind, and ask for blocks"] = Measure(value, "us")
        template, first = networks[0]
        stacks = {key: np.stack([weights[key] for _, weights in networks]) for key in first}
        value = microseconds(
            lambda template=template, stacks=stacks: metanet.Batch.from_stacked(template, stacks)
        )
        measures[f"{name}, one architecture: stacked arrays"] = Measure(value, "us", 1.1)
        networks = made([spec.loads(text, width=4 + i) for i in range(ARCHITECTURES)])
        value = microseconds(lambda networks=networks: bound(networks))
        label = f"{name}, {ARCHITECTURES} architectures: bind and batch"
        measures[label] = Measure(value, "us", 60)
    save("bind", measures)


if __name__ == "__main__":
    main()
