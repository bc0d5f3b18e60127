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
    norms,
    pooling,
    recurrence,
    reductions,
    shapes,
    space,
    taking,
)
from graphgen.importers.torch.operators.registry import OPERATORS

__all__ = ["OPERATORS"]
