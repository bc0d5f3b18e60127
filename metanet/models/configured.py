"""Models that remember the options that made them, every one resolved."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from metanet.errors import MetanetError
from metanet.options import Option, check, nearest, plain

T = TypeVar("T")

LARGEST = 2**31
"""The most numbers that a model may hold."""
ORDINARY = 2**24
"""A model of more numbers is made without them first, in case that it would be too large."""
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

    if not TYPE_CHECKING:  # type checkers and editors take the arguments of `__init__`

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            arguments = resolved(cls, args, kwargs)
            settings = {name: plain(name, value) for name, value in arguments.items()}
            make = partial(super().__call__, **arguments)
            model = within_memory(make, cls.__name__, settings) if cls.options else make()
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


def within_memory(make: Callable[[], Any], name: str, settings: Mapping[str, Any]) -> Any:
    """Make a model; a large one without its numbers first, which costs the compiler's import."""
    model = ordinary(make)
    if model is not None:
        return model
    state, counted = torch.get_rng_state(), Counted(LARGEST, "meta")
    try:
        with counted:
            make()
    except TooLargeError as error:
        if error.counted is not counted:
            raise
        sizes = ", ".join(
            f"{option}={value}"
            for option, value in settings.items()
            if isinstance(value, int) and not isinstance(value, bool)
        )
        raise MetanetError(
            f"{name}({sizes}) would hold more than {LARGEST} numbers, expected at most that many; "
            "make the model smaller"
        ) from None
    torch.set_rng_state(state)
    return make()


def ordinary(make: Callable[[], T]) -> T | None:
    """Make a module, or give None where that takes more numbers than any may without asking."""
    state, counted = torch.get_rng_state(), Counted(ORDINARY)
    try:
        with counted:
            return make()
    except TooLargeError as error:
        if error.counted is not counted:
            raise
        torch.set_rng_state(state)
        return None


class TooLargeError(Exception):
    """Stops the making of a model that holds more numbers than expected; never leaves this file."""

    def __init__(self, counted: Counted) -> None:
        super().__init__()
        self.counted = counted


class Counted(TorchFunctionMode):
    """Counts the numbers that a model is made of, and raises `TooLargeError` beyond `most`.

    With `device="meta"` it holds none of them.
    """

    def __init__(self, most: int, device: str | None = None) -> None:
        super().__init__()
        self.most, self.device, self.count = most, device, 0

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
            if self.count > self.most:
                raise TooLargeError(self)
            changed |= {"device": self.device} if self.device else {}
        return func(*args, **changed)
