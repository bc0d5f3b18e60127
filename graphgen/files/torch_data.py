"""All that a file of PyTorch holds, as plain data: objects are told of, and never made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphgen.errors import GraphError
from graphgen.files.torch_reader import array_of_tensor, is_zipped, load_checkpoint, torch_for

MOST_CLASSES = 1000
MOST_NESTED = 100


@dataclass(frozen=True)
class Described:
    """What a file says of an object: the name of its class or function, and what it was made of.

    `state` are the fields that the file gives the object, most often by name.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = field(default=None)


def read_torch_data(path: str | os.PathLike[str]) -> Any:
    """Read what `torch.save` wrote as plain data, tensors as arrays.

    torch reads it with `weights_only=True`. Where it holds objects of classes, such as settings, a
    `Described` stands in the place of each, with what the file says of it: nothing that it names is
    imported or called. Raises `GraphError` where torch is not installed, and for a file that is
    damaged or that torch refuses all the same.

    ```python
    read_torch_data("checkpoint.pt")["config"].state
    ```
    """
    torch = torch_for(path)
    with _standing_in(path, torch):
        found = load_checkpoint(path, torch)
    return _plain(path, found, torch, "", {}, 0)


class _Object:
    """Stands for an object while torch reads the file; each class that is named has a subclass."""

    named = ""
    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *arguments: Any) -> Any:
        self = super().__new__(cls)
        self.arguments = arguments
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _mapping(*arguments: Any) -> dict[Any, Any]:
    return {}


@contextmanager
def _standing_in(path: str | os.PathLike[str], torch: Any) -> Iterator[None]:
    """Let torch read a file whose classes it does not know, with others in their place.

    What libraries have declared to be harmless is not made either, and is declared again after it.
    """
    known = torch.serialization
    if not hasattr(known, "get_unsafe_globals_in_checkpoint") or not is_zipped(path):
        yield
        return
    declared = known.get_safe_globals()
    try:
        known.clear_safe_globals()
        known.add_safe_globals([(_other(name), name) for name in _named_in(path, known)])
        yield
    finally:
        known.clear_safe_globals()
        known.add_safe_globals(declared)


def _other(name: str) -> Any:
    """Give what stands for a class or a function; only dictionaries take items as they are read."""
    if name == "collections.defaultdict":
        return _mapping
    return type(name.rpartition(".")[2] or "object", (_Object,), {"named": name})


def _named_in(path: str | os.PathLike[str], known: Any) -> list[str]:
    """List the classes and functions that a file names and torch itself does not allow."""
    try:
        names: list[str] = sorted(known.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # of a damaged file, of which loading tells more
        return []
    if len(names) > MOST_CLASSES:
        raise GraphError(f"{path}: names {len(names)} classes, expected at most {MOST_CLASSES}")
    return names


def _plain(
    path: str | os.PathLike[str],
    value: Any,
    torch: Any,
    place: str,
    seen: dict[int, Any],
    depth: int,
) -> Any:
    """Give what was read without tensors and objects; what is there again is given again."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return value
    if depth > MOST_NESTED:
        raise GraphError(f"{path}: nested deeper than {MOST_NESTED} levels; is it a checkpoint?")
    if id(value) in seen:
        return seen[id(value)]

    def inner(item: Any, key: object) -> Any:
        return _plain(path, item, torch, f"{place}.{key}" if place else f"{key}", seen, depth + 1)

    if isinstance(value, torch.Tensor):
        result: Any = array_of_tensor(path, place, value, torch)
    elif isinstance(value, Mapping):
        result = seen[id(value)] = {}
        result.update((_key(key), inner(item, key)) for key, item in value.items())
        return result
    elif isinstance(value, list | tuple | set | frozenset):
        result = seen[id(value)] = []
        result.extend(inner(item, number) for number, item in enumerate(value))
        if isinstance(value, tuple):
            result = tuple(result)
    elif isinstance(value, _Object) and value.named.endswith("multiarray.scalar"):
        result = _number(value)
    elif isinstance(value, _Object):
        # Settings know those that they are a part of.
        seen[id(value)] = Described(value.named)
        result = Described(
            value.named, inner(value.arguments, "arguments"), inner(value.state, "state")
        )
    elif isinstance(value, type) and issubclass(value, _Object):
        result = Described(value.named)
    else:
        result = Described(f"{type(value).__module__}.{type(value).__qualname__}")
    seen[id(value)] = result
    return result


def _number(value: _Object) -> Any:
    """Give a scalar of numpy, of which a file has the dtype and the bytes, as a plain number."""
    try:
        kind, data = value.arguments
        dtype = np.dtype(f"{kind.state[1]}{kind.arguments[0]}")
        number = np.frombuffer(data, dtype, 1)[0] if dtype.kind in "biuf" else None
    except (AttributeError, IndexError, TypeError, ValueError, SyntaxError):
        number = None
    return Described(value.named) if number is None else number.item()


def _key(key: Any) -> Any:
    return key if isinstance(key, str | int | float | bool | bytes | None) else repr(type(key))
