"""Inference of a whole GMN against its matrix products alone, eager and compiled."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import torch
from metanets import LAYERS, architectures, graphs_of, timed
from result import Measure, save
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import metanet

ROUNDS = 15


class Products(TorchDispatchMode):
    """Notes the shapes of all matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[torch.Size, torch.Size]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket.__name__ in ("mm", "addmm", "addmm_", "bmm"):
            first, second = [arg for arg in args if isinstance(arg, Tensor)][-2:]
            self.shapes.append((first.shape, second.shape))
        return func(*args, **(kwargs or {}))


def main() -> None:
    torch.set_num_threads(2)
    measures: dict[str, Measure] = {}
    for taps in ("parallel", "folded"):
        model = metanet.GMN(hidden=64, layers=LAYERS, taps=taps).eval()
        compiled = torch.compile(model, dynamic=True)
        for name in ("INR 2-32-32-1", "small CNN", "mixed CNNs"):
            batch = metanet.Batch.from_graphs(graphs_of(architectures()[name]))
            with torch.no_grad(), Products() as products:
                model(batch)
            operands = {
                shapes: (torch.randn(shapes[0]), torch.randn(shapes[1]).T.contiguous().T)
                for shapes in products.shapes
            }
            results = {shapes: torch.mm(*pair) for shapes, pair in operands.items()}

            def alone(
                shapes: Any = tuple(products.shapes), operands: Any = operands, out: Any = results
            ) -> None:
                for key in shapes:
                    torch.mm(*operands[key], out=out[key])

            rows = []
            with torch.no_grad():
                for _ in range(3):
                    compiled(batch)
                for _ in range(ROUNDS):
                    runs = (alone, partial(model, batch), partial(compiled, batch))
                    rows.append([timed(run) for run in runs])
            products_only, eager, fast = (statistics.median(own) for own in zip(*rows, strict=True))
            label = f"{name}, {taps} taps"
            measures[f"{label}: matrix products"] = Measure(products_only, "s")
            measures[f"{label}: eager / products"] = Measure(eager / products_only, "times", 2)
            measures[f"{label}: compiled / products"] = Measure(fast / products_only, "times", 1.5)
    save("inference", measures)


if __name__ == "__main__":
    main()
