"""Whether an imported module computes what the module computes, in float64 and everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import graphgen
from graphgen.importers import Imported, from_torch

LIMIT = 1e-9


def made_random(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Give a module in float64 and eval mode, all of whose tensors are drawn at random."""
    rng = torch.Generator().manual_seed(seed)
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng, dtype=torch.float64) / 2)
        for name, buffer in module.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.copy_(torch.rand(buffer.shape, generator=rng, dtype=torch.float64) + 0.5)
    return module


def flat(found: Any) -> list[torch.Tensor]:
    """List the tensors of what a module gives, in order."""
    if isinstance(found, torch.Tensor):
        return [found]
    if isinstance(found, dict):
        return [each for one in found.values() for each in flat(one)]
    return [each for one in found if one is not None for each in flat(one)]


def imported(module: torch.nn.Module, *inputs: torch.Tensor, **options: Any) -> Imported:
    """Import a module, and hold it against the module itself."""
    found = from_torch(module, inputs, check=False, **options)
    assert difference(found, module, *inputs) <= LIMIT, found.text
    return found


def difference(found: Imported, module: torch.nn.Module, *inputs: torch.Tensor) -> float:
    """Give how far an import is from its module, relative to the largest output."""
    with torch.no_grad():
        outputs = [each.numpy() for each in flat(module(*inputs))]
    arrays = [x.numpy() for x in inputs]
    given = found.inputs_of(*arrays)
    wanted = found.outputs_of(*outputs, samples=len(given[0]))
    computed = graphgen.evaluate(found.net, found.weights, *given)
    results = computed if isinstance(computed, tuple) else (computed,)
    assert [y.shape for y in results] == [y.shape for y in wanted]
    return max(
        float(np.abs(y - want).max(initial=0) / max(1.0, np.abs(want).max(initial=0)))
        for y, want in zip(results, wanted, strict=True)
    )
