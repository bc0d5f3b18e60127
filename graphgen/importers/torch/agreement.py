"""An imported module beside the module itself: the same outputs for the example inputs?"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.comparison import LIMITS, Difference, Wide, compare
from graphgen.importers.imported import Imported
from graphgen.importers.refusal import ImportRefusalError
from graphgen.importers.torch.arrays import to_numpy
from graphgen.importers.torch.quiet import evaluating, quiet

Array = NDArray[Any]
MOST_WIDENED = 1 << 27
"""The most numbers of a module of which a copy in float64 is made."""


def check(imported: Imported, module: Any, program: Any) -> None:
    """Run a module on the inputs with which it was exported, and compare.

    Raises `ImportRefusalError` where an output differs by more than its dtype explains.
    """
    given = [to_numpy(x) for x in _tensors(program.example_inputs)]
    inputs = imported.inputs_of(*given)
    computed = Wide.of(imported.net, imported.weights, inputs).outputs()
    names = list(imported.net.outputs)
    actual = [computed[name] for name in names]
    outputs = _outputs(module, program.example_inputs)
    limits = [LIMITS.get(y.dtype.name, LIMITS["float32"]) for y in outputs]
    samples = len(inputs[0])
    found = _differences(imported, names, actual, outputs, limits, samples)
    if not all(each.agrees for each in found):
        # In float32 much that is right differs: a copy in float64 tells more.
        wide = _widened(module, program.example_inputs)
        again = wide and _differences(imported, names, actual, wide, limits, samples)
        if not again or not all(each.agrees for each in again):
            wrong = next(each for each in found if not each.agrees)
            raise ImportRefusalError(
                f"what was imported does not compute what {type(module).__name__} computes on the "
                f"example inputs: {wrong}; this is a defect of the importer, or a function that "
                "jumps: with `check=False` it is imported as it is"
            )


def _differences(
    imported: Imported,
    names: list[str],
    actual: list[Array],
    outputs: list[Array],
    limits: list[float],
    samples: int,
) -> list[Difference]:
    expected = imported.outputs_of(*outputs, samples=samples)
    rows = zip(names, actual, expected, limits, strict=True)
    # What is no number in the module tells nothing.
    return [compare(*row) for row in rows if not np.isnan(row[2].astype(np.float64)).any()]


def _outputs(module: Any, given: Any) -> list[Array]:
    import torch

    # A module may write into what it is given.
    args, named = torch.utils._pytree.tree_map_only(torch.Tensor, torch.clone, given)
    with torch.no_grad(), evaluating(module), quiet():
        return [to_numpy(y) for y in _tensors(module(*args, **named))]


def _widened(module: Any, given: Any) -> list[Array] | None:
    """Give the outputs of a copy in float64, if there can be one."""
    import torch

    if sum(p.numel() for p in module.parameters()) > MOST_WIDENED:
        return None

    def wide(x: Any) -> Any:
        return x.double() if isinstance(x, torch.Tensor) and x.is_floating_point() else x

    try:
        twin = copy.deepcopy(module).double()
        return _outputs(twin, torch.utils._pytree.tree_map(wide, given))
    # A module may be of a dtype by what is written in it.
    except Exception:
        return None


def _tensors(value: Any) -> list[Any]:
    import torch

    leaves = torch.utils._pytree.tree_leaves(value)
    return [each for each in leaves if isinstance(each, torch.Tensor)]
