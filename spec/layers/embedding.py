"""embedding: a row of a table for each index."""

from __future__ import annotations

from dataclasses import dataclass

from spec.fields import size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Lookup


@register("embedding")
@dataclass(frozen=True, kw_only=True)
class Embedding(Layer):
    """Row `x` of a table for each index x of the input, as `torch.nn.Embedding`."""

    num_embeddings: int = size()
    embedding_dim: int = size()

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        # A uniform draw of variance 1, where PyTorch draws from the normal distribution.
        initial = ("uniform", 3**0.5)
        weight = scope.parameter("weight", (self.num_embeddings, self.embedding_dim), initial)
        return scope.apply(Lookup("table"), *inputs, tensors=(weight,))
