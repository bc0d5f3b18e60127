"""A model of transformers without its weights: each parameter has a shape, and takes no memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def skeleton(kind: Any, config: Any) -> Any:
    """Build a model whose parameters are fake tensors, and whose buffers are real ones.

    Buffers hold tables that the constructor computes, such as the frequencies of rotary positions.
    """
    from transformers.initialization import no_init_weights

    with no_init_weights(), _empty_is_fake():
        model = kind(config)
    model.tie_weights()
    model.eval()
    return model


@contextmanager
def _empty_is_fake() -> Iterator[None]:
    """Let `torch.empty`, from which layers make their parameters, allocate nothing."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.overrides import TorchFunctionMode

    fake = FakeTensorMode(allow_non_fake_inputs=True)

    class EmptyIsFake(TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if function is torch.empty:
                with fake:
                    return function(*args, **(kwargs or {}))
            return function(*args, **(kwargs or {}))

    with EmptyIsFake():
        yield
