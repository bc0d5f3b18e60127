"""A step of the metanets on weights against its matrix products alone, on one thread.

    python benchmarks/step.py            # every measure, to results/step.json
    python benchmarks/step.py memory     # one process of it: with memory that is kept; prints JSON

Training is a pass forward and backward, inference one forward, in processor seconds; products are
those of the step, of the same shapes and layouts, one after the other. `memory`: freed memory is
not given back to the system between steps (glibc's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD). NFNs
are folded: as published they do little but products on CNNs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from metanets import LAYERS, architectures, graphs_of
from result import Measure, save
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import metanet
import spec
from metanet import kernels
from metanet.memory import keep_freed_memory
from metanet.models.metanet import Metanet

ROUNDS = 9
MODELS: dict[str, Callable[[spec.Architecture, int], Metanet]] = {
    "GMN": lambda net, width: metanet.GMN(width, LAYERS, form="paper"),
    "GMN, narrow": lambda net, width: metanet.GMN(width, LAYERS, form="narrow"),
    "NP-NFN": lambda net, width: metanet.NPNFN(net, width, LAYERS, folded=True),
    "HNP-NFN": lambda net, width: metanet.HNPNFN(net, width, LAYERS, folded=True),
    "DWSNets": lambda net, width: metanet.DWSNet(net, width, LAYERS),
}
LIMITS = {
    (64, "training", "kernels"): 1.5,
    (64, "training", "torch alone"): 1.8,
    (64, "inference", "kernels"): 1.6,
    (16, "training", "kernels"): 2.8,
    (16, "inference", "kernels"): 2.8,
}
PRODUCTS = ("mm", "addmm", "addmm_", "bmm", "baddbmm", "baddbmm_")
Operand = tuple[tuple[int, ...], bool]
"""The shape of a matrix, and whether its columns lie together instead of its rows."""


class Products(TorchDispatchMode):
    """Counts operations, and notes the operands of matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Operand, Operand]] = []
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        if func.overloadpacket.__name__ in PRODUCTS:
            first, second = [arg for arg in args if isinstance(arg, Tensor)][-2:]
            self.pairs.append((operand(first), operand(second)))
        return func(*args, **(kwargs or {}))


def operand(matrix: Tensor) -> Operand:
    """Say how a matrix lies."""
    return tuple(matrix.shape), matrix.stride(-1) != 1 and matrix.shape[-1] > 1


def matrix_of(what: Operand) -> Tensor:
    """Make a matrix that lies so."""
    shape, turned = what
    return torch.randn(*shape[:-2], shape[-1], shape[-2]).mT if turned else torch.randn(shape)


def alone(pairs: list[tuple[Operand, Operand]]) -> Callable[[], None]:
    """Give an action that does the products alone."""
    made = {}
    for pair in set(pairs):
        first, second = (matrix_of(what) for what in pair)
        made[pair] = first, second, first @ second
    calls = [made[pair] for pair in pairs]

    def run() -> None:
        for first, second, result in calls:
            torch.matmul(first, second, out=result)

    return run


def seconds(action: Callable[[], object], plain: bool) -> float:
    """Time an action, with kernels or not."""
    with kernels.off() if plain else nullcontext():
        start = time.process_time()
        action()
        return time.process_time() - start


def train(model: Metanet, batch: metanet.Batch) -> None:
    """Go forward and backward."""
    model.zero_grad()
    model(batch).square().mean().backward()


def predict(model: Metanet, batch: metanet.Batch) -> None:
    """Go forward."""
    with torch.no_grad():
        model(batch)


def ratios(action: Callable[[], None]) -> dict[str, tuple[float, float, int]]:
    """Give, with kernels and without, the step / its products, its seconds and operations."""
    noted = {}
    for how, plain in (("kernels", False), ("torch alone", True)):
        with Products() as products, kernels.off() if plain else nullcontext():
            action()
        noted[how] = plain, products, alone(products.pairs)
    times: dict[str, list[tuple[float, float]]] = {how: [] for how in noted}
    for _ in range(ROUNDS + 2):
        for how, (plain, _, products_alone) in noted.items():
            times[how].append((seconds(products_alone, True), seconds(action, plain)))
    result = {}
    for how, (_, products, _) in noted.items():
        below, above = (statistics.median(column) for column in zip(*times[how][2:], strict=True))
        result[how] = above / below, above, products.operations
    return result


def measured(note: str) -> dict[str, Measure]:
    """Measure everything in this process."""
    torch.set_num_threads(1)
    measures: dict[str, Measure] = {}
    for name in ("INR 2-32-32-1", "small CNN"):
        nets = architectures()[name]
        batch = metanet.Batch.from_graphs(graphs_of(nets))
        for width in (64, 16):
            for model_name, make in MODELS.items():
                torch.manual_seed(0)
                try:
                    model = make(nets[0], width)
                except metanet.MetanetError:
                    continue  # DWSNets take MLPs only
                for what, action in (("training", train), ("inference", predict)):
                    found = ratios(partial(action, model, batch))
                    for how, (ratio, above, operations) in found.items():
                        label = f"{name}, width {width}, {what}, {model_name}, {how}{note}"
                        limit = LIMITS.get((width, what, how))
                        measures[f"{label}: step / products"] = Measure(ratio, "times", limit)
                        measures[f"{label}: step"] = Measure(above, "s")
                        measures[f"{label}: operations"] = Measure(operations, "")
    return measures


def main() -> None:
    if sys.argv[1:] == ["memory"]:
        keep_freed_memory()
        found = measured("")
        print(json.dumps({label: asdict(measure) for label, measure in found.items()}))
        return
    command = [sys.executable, __file__, "memory"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    kept = {label: Measure(**row) for label, row in json.loads(output).items()}
    save("step", kept | measured(", memory given back"))


if __name__ == "__main__":
    main()
