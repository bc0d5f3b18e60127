"""What each operator of ATen is, in the raw form that `torch.export` gives; one file a family."""

from graphgen.importers.torch.operators import (  # noqa: F401
    attention,
    chosen,
    combining,
    convolution,
    functions,
    identities,
    joining,
    linear,
    made,
    norms,
    overwriting,
    pooling,
    recurrence,
    reductions,
    shapes,
    space,
    taking,
)
from graphgen.importers.torch.operators.registry import OPERATORS

VIEWS = frozenset(
    name
    for name, operator in OPERATORS.items()
    if operator.__module__.endswith((".shapes", ".identities"))
) | {
    "slice", "narrow", "select", "chunk", "unsafe_chunk", "split", "split_with_sizes",
    "unsafe_split", "unsafe_split_with_sizes", "tensor_split", "unbind", "diagonal",
}  # fmt: skip
"""The operators that only move the numbers of a parameter."""

__all__ = ["OPERATORS", "VIEWS"]
