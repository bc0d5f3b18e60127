"""Models that remember the options that made them, every one resolved."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, ClassVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from metanet.errors import MetanetError
from metanet.options import Option, check, nearest, plain

LARGEST = 2**31
"""The most numbers that a model may hold."""
FACTORIES: frozenset[Callable[..., Any]] = frozenset(
    {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full}
)


class Configured(type):
    """Makes models: reads their arguments, and keeps all of them as plain data in `settings`.

    So `type(model)(**model.settings)` is the same model, whatever the defaults will be.
    """

    options: Mapping[str, Option]

    @property
    def __signature__(cls) -> inspect.Signature:
        whole = inspect.signature(cls.__init__)  # type: ignore[misc]
        return whole.replace(parameters=list(whole.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        arguments = resolved(cls, args, kwargs)
        settings = {name: plain(name, value) for name, value in arguments.items()}
        if cls.options:
            with torch.random.fork_rng(devices=[]), DryRun(cls.__name__, settings):
                super().__call__(**arguments)
        model = super().__call__(**arguments)
        model.settings = settings
        return model


class ConfiguredModule(nn.Module, metaclass=Configured):
    """A module whose `settings` are all arguments that made it, as plain data.

        class Norms(metanet.Metanet):
            def __init__(self, hidden: int = 32) -> None: ...

        Norms().settings                         # {"hidden": 32}

    A subclass that gives `options` has its arguments checked by them, by name.
    """

    options: ClassVar[Mapping[str, Option]] = {}
    settings: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()

    def __init_subclass__(cls, options: Mapping[str, Option] | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.options = {} if options is None and "__init__" in vars(cls) else options or cls.options


def resolved(cls: Configured, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give all arguments of a constructor by name, checked; `MetanetError` if they do not fit."""
    signature = cls.__signature__
    known = signature.parameters
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in known.values()):
        raise MetanetError(
            f"{cls.__name__} takes {signature}; name each argument of a model, so that its "
            "settings can be kept"
        )
    if unknown := [name for name in kwargs if name not in known]:
        raise MetanetError(
            f"{cls.__name__} does not take these settings: {', '.join(map(str, unknown))}; "
            + nearest(unknown[0], list(known))
        )
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise MetanetError(
            f"{cls.__name__} does not take these settings: {error}; {nearest(None, list(known))}"
        ) from None
    bound.apply_defaults()
    return {
        name: value
        if name not in cls.options or (value is None and optional(known[name]))
        else check(name, value, cls.options)
        for name, value in bound.arguments.items()
    }


def optional(parameter: inspect.Parameter) -> bool:
    """Say whether an option may be None."""
    return parameter.default is None or str(parameter.annotation).endswith("| None")


class DryRun(TorchFunctionMode):
    """Makes a model that holds no numbers, and raises `MetanetError` if there were too many."""

    def __init__(self, model: str, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.model, self.settings, self.count = model, settings, 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        changed = dict(kwargs or {})
        dtype = changed.get("dtype")
        if func in FACTORIES and (dtype is None or dtype.is_floating_point):
            size = changed.get("size", args)
            size = size[0] if size and not isinstance(size[0], int) else size
            self.count += prod(size)
            self.check()
            changed["device"] = "meta"
        return func(*args, **changed)

    def check(self) -> None:
        """Compare what the model holds so far with the most that it may."""
        if self.count > LARGEST:
            sizes = ", ".join(
                f"{name}={value}"
                for name, value in self.settings.items()
                if isinstance(value, int) and not isinstance(value, bool)
            )
            raise MetanetError(
                f"{self.model}({sizes}) would hold more than {LARGEST} numbers, expected at most "
                "that many; make the model smaller"
            )
