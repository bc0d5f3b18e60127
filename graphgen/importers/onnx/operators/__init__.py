"""What each operator of ONNX is, in all its versions; one file a family."""

from graphgen.importers.onnx.operators import (  # noqa: F401
    activations,
    arithmetic,
    attention,
    casts,
    convolution,
    microsoft,
    moving,
    normalisation,
    pooling,
    products,
    ranking,
    recurrence,
    reductions,
    resizing,
    sequences,
    shapes,
    subgraphs,
    taking,
)
from graphgen.importers.onnx.operators.registry import KINDS, OPERATORS

__all__ = ["KINDS", "OPERATORS"]
