"""Training of one network from one start, on small data that needs no download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from metanet.evaluate import initial_weights, run
from pipelines import datasets
from pipelines.barriers.number_words import ALPHABET, windows
from pipelines.errors import PipelineError
from pipelines.zoo.reproducibly import reproducibly
from spec import Architecture

Array = NDArray[Any]

TRAINING_WINDOWS, TEST_WINDOWS = 10_000, 300
WARM = 0.1
"""The share of the steps in which the learning rate rises; then it falls as a cosine."""


@dataclass(frozen=True)
class Examples:
    """Inputs and the classes of each: those to train on, and those of the test."""

    inputs: Array
    classes: Array
    test_inputs: Array
    test_classes: Array


def examples(data: str, net: Architecture) -> Examples:
    """Give the examples of a data set, for a network; `PipelineError` where it does not fit."""
    ((name, shape),) = net.inputs.items()
    classes: tuple[int, ...]
    if data == "digits":
        digits = datasets.load("digits")
        found = Examples(
            digits.train_images, digits.train_labels, digits.test_images, digits.test_labels
        )
        wanted, classes = tuple(digits.train_images.shape[1:]), (10,)
    else:
        (length,) = shape if len(shape) == 1 else (0,)
        train, test = (
            windows(max(length, 1), count, held_out, 0)
            for count, held_out in ((TRAINING_WINDOWS, False), (TEST_WINDOWS, True))
        )
        found = Examples(train[:, :-1], train[:, 1:], test[:, :-1], test[:, 1:])
        wanted, classes = (length,), (length, len(ALPHABET))
    if tuple(shape) != wanted or net.output_shapes != (classes,):
        raise PipelineError(
            f"{net.name!r} takes {name} of {list(shape)} and gives {list(net.output_shapes[0])}; "
            f"{data} needs {list(wanted)} and {list(classes)}"
        )
    return found


def trained(
    net: Architecture, settings: Mapping[str, Any], own: Examples, seed: int
) -> dict[str, Array]:
    """Train a network with Adam, from a start and in an order of examples of its seed."""
    steps, rate = settings["steps"], settings["learning_rate"]
    inputs, classes = torch.from_numpy(own.inputs), torch.from_numpy(own.classes)
    generator = torch.Generator().manual_seed(seed)
    with reproducibly(seed, torch.device("cpu")), torch.enable_grad():
        weights = dict(initial_weights(net, generator))
        parameters = [weights[name].requires_grad_() for name in net.parameters]
        optimizer = torch.optim.Adam(parameters, lr=rate)
        for step in range(steps):
            done = (step + 1) / steps
            fall = 0.5 * (1 + np.cos(np.pi * max(0.0, (done - WARM) / (1 - WARM))))
            optimizer.param_groups[0]["lr"] = rate * min(done / WARM, fall)
            batch = torch.randint(len(inputs), (settings["batch_size"],), generator=generator)
            loss = cross_entropy(run(net, weights, inputs[batch], training=True), classes[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return {name: tensor.detach().numpy().copy() for name, tensor in weights.items()}


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Average the cross entropy over examples, and over places where each has several."""
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), classes.reshape(-1))


def test_loss(net: Architecture, weights: Mapping[str, Array], own: Examples) -> float:
    """Give the loss on the test, in nats."""
    tensors = {name: torch.from_numpy(np.asarray(array)) for name, array in weights.items()}
    with reproducibly(0, torch.device("cpu")), torch.inference_mode():
        logits = run(net, tensors, torch.from_numpy(own.test_inputs))
        return cross_entropy(logits, torch.from_numpy(own.test_classes)).item()
