"""A device that stands in for a GPU: it computes on the CPU, and keeps its tensors apart.

Its tensors say that they are on `meta`. What mixes them with tensors of the CPU fails, as on a GPU;
single numbers may be mixed, as there. Numbers are those of the CPU, bit for bit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.optim import optimizer
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from metanet import plan

DEVICE = torch.device("meta")


class MixedError(RuntimeError):
    """Tensors of two devices met."""


class There(Tensor):
    """A tensor of the stand-in, around one of the CPU."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> There:
        made: There = Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
            requires_grad=False,
        )
        made.inner = inner
        return made

    def __repr__(self, **_: Any) -> str:
        return f"There({self.inner!r})"

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return computed(function, args, kwargs or {})


class StandIn(TorchDispatchMode):
    """Makes tensors that are asked for on the stand-in, and moves tensors to it."""

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return computed(function, args, kwargs or {})


class FromData(TorchFunctionMode):
    """Makes tensors of data on the CPU, then moves them: torch would give `meta` no data."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if function in (torch.tensor, torch.as_tensor) and kwargs.get("device") is not None:
            place = kwargs.pop("device")
            return function(*args, **kwargs).to(place)
        if function is Tensor.new_tensor:
            place = kwargs.pop("device", args[0].device)
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **kwargs}).to(place)
        if function in (Tensor.__getitem__, Tensor.__setitem__) and isinstance(args[0], There):
            tensor, key, *value = args
            places = key if isinstance(key, tuple) else (key,)
            moved = (torch.tensor(x).to(DEVICE) if isinstance(x, list) else x for x in places)
            return function(tensor, tuple(moved), *value)
        return function(*args, **kwargs)


def computed(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Compute on the CPU; what comes of tensors of the stand-in is its own."""
    tensors = [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, Tensor)]
    there = any(isinstance(x, There) for x in tensors)
    moved = kwargs.get("device") is not None
    target = torch.device(kwargs["device"]) if moved else None
    copies = function.overloadpacket in (torch.ops.aten._to_copy, torch.ops.aten.copy_)
    if there and not copies:
        other = [x for x in tensors if not isinstance(x, There) and x.dim() > 0]
        if other:
            raise MixedError(f"{function}: got tensors of the stand-in and of the CPU")
    if function.overloadpacket is torch.ops.aten._local_scalar_dense:
        return function(args[0].inner if isinstance(args[0], There) else args[0])
    if moved:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    plain_args, plain_kwargs = tree_map(inner_of, (args, kwargs))
    result = function(*plain_args, **plain_kwargs)
    stays = target == DEVICE if moved else there
    if not stays:
        return result
    written = {id(inner_of(x)): x for x in tensors if isinstance(x, There)}
    if function.overloadpacket is torch.ops.aten.copy_:
        return args[0]

    def wrapped(x: Any) -> Any:
        return written.get(id(x), There(x)) if isinstance(x, Tensor) else x

    return tree_map(wrapped, result)


def inner_of(x: Any) -> Any:
    """Give the tensor of the CPU that one of the stand-in is around."""
    return x.inner if isinstance(x, There) else x


@contextmanager
def stand_in() -> Iterator[torch.device]:
    """Let the stand-in be there; give it.

    with stand_in() as device:
        model.to(device)
    """
    asked, cast = torch.is_autocast_enabled, torch.autocast
    fused = [*optimizer._get_fused_kernels_supported_devices(), DEVICE.type]

    def is_autocast_enabled(device: str = "cpu") -> bool:
        return asked("cpu" if device == DEVICE.type else device)

    def autocast(device: str, *args: Any, **kwargs: Any) -> Any:
        return cast("cpu" if device == DEVICE.type else device, *args, **kwargs)

    with (
        # Plans are shared by devices, and another one has the name of the stand-in.
        patch.object(plan, "_plans", OrderedDict()),
        patch.object(torch, "is_autocast_enabled", is_autocast_enabled),
        patch.object(torch, "autocast", autocast),
        patch.object(optimizer, "_get_fused_kernels_supported_devices", lambda: fused),
        FromData(),
        StandIn(),
    ):
        yield DEVICE
