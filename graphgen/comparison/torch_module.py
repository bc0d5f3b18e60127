"""A module of torch as a reference: called in float64 where it can be, and looked into."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.dtypes import is_real
from graphgen.errors import GraphError
from spec import Architecture

MAX_SCALARS = 1 << 28
"""A module of more parameters is called as it is, for a copy in float64 takes eight bytes each."""


@dataclass
class TorchModule:
    """A module of torch, what is called of it, and in which dtypes it then computed.

    `torch` is the library: whoever has a module has imported it.
    """

    torch: Any
    module: Any
    calling: Callable[[Any], Callable[..., Any]]
    net: Architecture
    dtypes: list[str] = field(default_factory=list)
    double: bool = False

    def call(self, inputs: Mapping[str, NDArray[Any]]) -> Any:
        """Call it in evaluation, on a copy in float64 if that is possible."""
        check_evaluating(self.module)
        copy = self.doubled()
        if copy is not None:
            with contextlib.suppress(Exception):
                result, seen = self.watched(copy, inputs)
                self.module, self.double = copy, True
                self.dtypes = sorted({"float64", *seen, *self.tables()})
                return result
        from graphgen.comparison.reference import failed

        given = self.tensors(inputs, self.module)
        try:
            result, seen = self.watched(self.module, inputs)
        except Exception as error:
            raise failed(error, given) from error
        self.dtypes = sorted(seen)
        return result

    def doubled(self) -> Any:
        """Give a copy in float64; None of a module that is too big or cannot be copied."""
        self.originals = {
            name: str(x.dtype).removeprefix("torch.") for name, x in self.module.named_buffers()
        }
        if sum(p.numel() for p in self.module.parameters()) > MAX_SCALARS:
            return None
        try:
            return deepcopy(self.module).double()
        # Modules may refuse to be copied in any way they like.
        except Exception:
            return None

    def tables(self) -> Iterator[str]:
        """Give the dtypes of buffers that the description does not have, but makes itself."""
        known = set(self.net.tensors)
        for name, dtype in self.originals.items():
            kept = name in known or any(t.endswith(f".{name}") or name.endswith(f".{t}")
                                        for t in known)  # fmt: skip
            if dtype.startswith(("float", "bfloat")) and not kept:
                yield dtype

    def watched(self, module: Any, inputs: Mapping[str, NDArray[Any]]) -> tuple[Any, set[str]]:
        """Call a module, and give the floating dtypes that it came to compute in, too."""
        from graphgen.comparison.reference import bound

        torch = self.torch
        seen: set[str] = set()

        class Watch(torch.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
            def __torch_function__(
                self, function: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                result = function(*args, **(kwargs or {}))
                for value in (result, *args):
                    if isinstance(value, torch.Tensor) and value.is_floating_point():
                        seen.add(str(value.dtype).removeprefix("torch."))
                return result

        given = self.tensors(inputs, module)
        function = self.calling(module)
        positional, named = bound(getattr(function, "forward", function), given)
        before = torch.get_default_dtype()
        floating = [p.dtype for p in module.parameters() if p.is_floating_point()]
        if torch.float64 in floating:
            torch.set_default_dtype(torch.float64)
        try:
            with torch.no_grad(), Watch():
                return function(*positional, **named), seen
        finally:
            torch.set_default_dtype(before)

    def tensors(self, inputs: Mapping[str, NDArray[Any]], module: Any) -> dict[str, Any]:
        """Give inputs as tensors, real ones in the dtype of the parameters."""
        torch = self.torch
        held = [*module.parameters(), *module.buffers()]
        floating = [t.dtype for t in held if t.is_floating_point()]
        device = held[0].device if held else torch.device("cpu")
        result = {}
        for name, x in inputs.items():
            if is_real(x.dtype):
                wide = torch.from_numpy(np.array(x, dtype=np.float64))
                to = floating[0] if floating else torch.float64
                result[name] = wide.to(device=device, dtype=to)
            else:
                kept = np.array(x, dtype=np.bool_ if x.dtype.kind == "b" else np.int64)
                result[name] = torch.from_numpy(kept).to(device=device)
        return result


def module_in(given: object, net: Architecture) -> TorchModule | None:
    """Find the module of torch in what was given: itself, its method, or one with arguments set.

    module_in(functools.partial(model, use_cache=False), net)
    """
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "nn"):
        return None
    if isinstance(given, torch.nn.Module):
        return TorchModule(torch, given, lambda module: module, net)
    if isinstance(given, functools.partial):
        inner = module_in(given.func, net)
        if inner is None:
            return None
        calling = inner.calling
        args, keywords = given.args, given.keywords
        inner.calling = lambda module: functools.partial(calling(module), *args, **keywords)
        return inner
    owner, name = getattr(given, "__self__", None), getattr(given, "__name__", "")
    if isinstance(owner, torch.nn.Module) and name:
        return TorchModule(torch, owner, lambda module: getattr(module, name), net)
    return None


def check_evaluating(module: Any) -> None:
    """Raise `GraphError` for a module that draws numbers or counts statistics when called."""
    for name, inner in module.named_modules():
        if not getattr(inner, "training", False):
            continue
        kind = type(inner).__name__
        random = any(word in kind.lower() for word in ("drop", "stochastic"))
        draws = random and getattr(inner, "p", 0) != 0
        rates = [key for key, value in vars(inner).items() if "drop" in key.lower()
                 and isinstance(value, float) and value > 0]  # fmt: skip
        measures = getattr(inner, "track_running_stats", False) or "batchnorm" in kind.lower()
        if draws or rates or measures or kind == "RReLU":
            what = "takes the statistics of the batch" if measures else "draws at random"
            raise GraphError(
                f"`module` is in training mode, in which its {kind} {name!r} {what}; call "
                "module.eval() first: a description says what a network computes after training"
            )


def array_of_tensor(value: Any) -> tuple[NDArray[Any], str]:
    """Give a tensor or an array as an array, and the name of its dtype."""
    dtype = str(getattr(value, "dtype", "float64")).removeprefix("torch.")
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if value.is_floating_point() and dtype != "float64":
            value = value.float()
        value = value.resolve_conj().resolve_neg().numpy()
    return np.asarray(value), dtype
