"""What each operator of ATen is, in the raw form that `torch.export` gives; one file a family."""

from graphgen.importers.torch.operators import elementwise, layers, linear, shapes  # noqa: F401
from graphgen.importers.torch.operators.registry import OPERATORS

__all__ = ["OPERATORS"]
