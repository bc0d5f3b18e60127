"""embedding: a row of a table for each index."""

from __future__ import annotations

from spec.fields import size
from spec.layer import Layer, Scope, Value, register
from spec.primitives import Lookup
from spec.records import record


@register("embedding")
@record(frozen=True, kw_only=True)
class Embedding(Layer):
    """Row `x` of a table for each index x of the input, as `torch.nn.Embedding`."""

    num_embeddings: int = size()
    embedding_dim: int = size()

    def expand(self, scope: Scope, *inputs: Value) -> Value:
        shape = (self.num_embeddings, self.embedding_dim)
        weight = scope.parameter("weight", shape, ("normal", 1.0))
        return scope.apply(Lookup("table"), *inputs, tensors=(weight,))
