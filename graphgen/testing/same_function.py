"""The same function: a description computes what somebody's network computes."""

from __future__ import annotations

import contextlib

import numpy as np

from graphgen.comparison import Reference, Wide, causes, compare, given_inputs, refer
from graphgen.comparison.layers import first_difference
from graphgen.comparison.state import other_weights
from graphgen.errors import GraphError, described
from graphgen.sources import Net, Weights, network_from


def assert_same_function(
    net: Net, weights: Weights | None, module: object, x: object, tolerance: float | None = None
) -> float:
    """Check that a description with its weights computes what a network of yours computes.

        assert_same_function("net.yaml", model.state_dict(), model, x)      # model.eval() before

    `net` may be a model in a file (.onnx, .pt2, a folder of Hugging Face), and `weights` then None.
    `module` is a `torch.nn.Module` (or its method, or a `functools.partial` of it), an
    `onnxruntime.InferenceSession`, or a function that takes arrays and gives them:

        call = lambda x: model(torch.from_numpy(x).float())
        assert_same_function(net, weights, call, x)

    `x` is a batch, or one for each input, in order or by name; a dictionary is passed by name where
    the module has parameters of these names. Outputs may be tensors or arrays, alone, in a tuple
    or by name; of a dictionary or dataclass that has more, those of the description's names are
    taken, or else the first.

    The description is computed in float64, and so is a copy of a module of torch where that is
    possible: in float32 a small difference, as of an `eps`, hides in the rounding. The largest
    difference, relative to the spread (standard deviation) of an output, may be 1e-10 where all is
    float64, 1e-4 where there is float32 in it, 1e-2 for float16 and 5e-2 for bfloat16, or
    `tolerance`. Returns it. Raises `AssertionError` that says how far, where, which layer is the
    first that differs, and what would make it agree; `GraphError` for a module in training mode
    that draws at random or has batch norm, and for inputs and outputs that do not fit.
    """
    __tracebackhide__ = True
    architecture, given = network_from(net, weights)
    check_tolerance(tolerance)
    inputs = given_inputs(architecture, x)
    wide = Wide.of(architecture, given, list(inputs.values()))
    actual = wide.outputs()
    reference = refer(architecture, module, inputs)
    limit = reference.limit if tolerance is None else tolerance
    found = [compare(n, actual[n], y, limit) for n, y in reference.outputs]
    if not all(each.agrees for each in found):
        where = layer = weights_differ = ""
        if reference.torch is not None and not holds_nan(reference):
            # A hint is no reason to fail otherwise.
            with contextlib.suppress(Exception):
                weights_differ = other_weights(wide, reference.torch)
                where, layer = first_difference(wide, reference.torch, inputs, limit)
        hints = [where, weights_differ]
        if not weights_differ and not any(each.problem for each in found):
            hints += causes(wide, reference.outputs, limit, layer)
        differing = [str(each) for each in found if not each.agrees]
        raise AssertionError("\n  ".join([*differing, *filter(None, hints)]))
    return max(each.relative for each in found)


def check_tolerance(tolerance: object) -> None:
    """Raise `GraphError` unless a tolerance is a positive number or left out."""
    real = isinstance(tolerance, (int, float)) and not isinstance(tolerance, bool)
    if tolerance is not None and not (real and 0 < tolerance < 1):  # type: ignore[operator]
        raise GraphError(
            f"`tolerance` is {described(tolerance)}; expected a number between 0 and 1, a share of "
            "the spread of the outputs"
        )


def holds_nan(reference: Reference) -> bool:
    """Say whether what was expected has a NaN, so that it says nothing of any layer."""
    return any(bool(np.isnan(y).any()) for _, y in reference.outputs if y.dtype.kind == "f")
