"""A decorator for what `torch.compile` must leave as it is, which imports no compiler."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def uncompiled(function: Callable[P, R]) -> Callable[P, R]:
    """Do what `torch.compiler.disable` does, from the moment when there is a compiler.

        @uncompiled
        def first_states(self, batch: Batch) -> States: ...

    `torch.compiler.disable` imports torch._dynamo, with sympy and a thousand modules more. This
    looks at each call whether another has imported it, and until then calls the function as it is.
    """
    if "torch._dynamo" in sys.modules:
        return torch.compiler.disable(function)
    disabled: Callable[P, R] | None = None

    @wraps(function)
    def chosen(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal disabled
        if disabled is None:
            if "torch._dynamo" not in sys.modules:
                return function(*args, **kwargs)
            disabled = torch.compiler.disable(function)
        return disabled(*args, **kwargs)

    # The compiler counts how often it has compiled a code object, so each has its own. The mark
    # is what `torch.compiler.disable` puts there: callers are compiled up to the call.
    marked: Any = chosen
    marked.__code__ = marked.__code__.replace()
    marked._torchdynamo_disable = True
    return chosen
