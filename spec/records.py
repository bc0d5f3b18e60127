"""Records: frozen dataclasses whose methods are written once, here, for all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen: bool, kw_only: bool = False) -> Callable[[type], type]:
        """Make a class what `dataclasses.dataclass(frozen=True)` would make of it.

            @record(frozen=True)
            class Transpose(Primitive):
                axes: tuple[int, ...]

        For each class that writes and compiles six methods, half a millisecond of every import;
        layers and primitives are two hundred. For a class with methods of its own in their place,
        `__post_init__`, or fields that are made or left out somewhere, it does.
        """

        def make(cls: type) -> type:
            if not is_plain(cls):
                return dataclasses.dataclass(frozen=frozen, kw_only=kw_only)(cls)
            beneath = any(dataclasses.is_dataclass(base) for base in cls.__mro__[1:])
            dataclasses.dataclass(
                init=False, repr=False, eq=False, frozen=beneath, kw_only=kw_only
            )(cls)
            cls.__dataclass_params__.frozen = frozen
            cls._defaults = {field.name: field.default for field in dataclasses.fields(cls)}
            cls._needed = {name for name, value in cls._defaults.items() if value is REQUIRED}
            cls._values = staticmethod(values_of(tuple(cls._defaults)))
            for name, method in METHODS.items():
                setattr(cls, name, method)
            cls.__signature__ = Written()
            return cls

        return make


__all__ = ["make_record", "record"]

REQUIRED = dataclasses.MISSING


def make_record(
    name: str,
    fields: Sequence[tuple[str, Any, Any]],
    base: type,
    about: str,
    constants: Mapping[str, Any] | None = None,
) -> Any:
    """Make a record of fields (name, type, default), given by name, and of class variables."""
    body = {field: default for field, _, default in fields} | dict(constants or {})
    body["__annotations__"] = {field: kind for field, kind, _ in fields}
    body |= {"__doc__": about, "__module__": base.__module__}
    return record(frozen=True, kw_only=True)(type(name, (base,), body))


def is_plain(cls: type) -> bool:
    """Say whether the methods below do all that is asked of a class and of what is above it."""
    if hasattr(cls, "__post_init__") or METHODS.keys() & vars(cls).keys():
        return False
    own = (value for value in vars(cls).values() if isinstance(value, dataclasses.Field))
    return all(map(is_plain_field, (*own, *getattr(cls, "__dataclass_fields__", {}).values())))


def is_plain_field(field: dataclasses.Field[Any]) -> bool:
    """Say whether a field is taken, compared, hashed and shown, and made by no function."""
    wanted = field.init and field.compare and field.repr and field.hash is None
    return wanted and field.default_factory is REQUIRED


class Written:
    """The signature of a class of records: that of its fields, when somebody asks for it."""

    def __get__(self, one: object, cls: type) -> Any:
        from inspect import Parameter, Signature

        parameters = [
            Parameter(
                field.name,
                Parameter.KEYWORD_ONLY
                if field.kw_only is True
                else Parameter.POSITIONAL_OR_KEYWORD,
                default=Parameter.empty if field.default is REQUIRED else field.default,
                annotation=field.type,
            )
            for field in sorted(dataclasses.fields(cls), key=lambda field: field.kw_only is True)
        ]
        return Signature(parameters, return_annotation=None)


def values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Give what reads these attributes of a record, in order."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda each: tuple(getattr(each, name) for name in names)


def initialise(self: Any, /, *args: Any, **values: Any) -> None:
    """Take fields by place, where they may be, and by name."""
    cls = type(self)
    given = dict(zip(cls.__match_args__, args, strict=False)) | values if args else values
    fields = cls._defaults | given
    known = len(given) == len(args) + len(values) and len(fields) == len(cls._defaults)
    if not known or not given.keys() >= cls._needed:
        check_arguments(cls, args, values)
    self.__dict__.update(fields)


def check_arguments(cls: Any, args: tuple[Any, ...], values: dict[str, Any]) -> None:
    """Raise `TypeError` for other fields than there are, as a function does for its arguments."""
    places = cls.__match_args__
    if len(args) > len(places):
        raise TypeError(f"{cls.__name__}() takes {len(places)} fields by place, got {len(args)}")
    for name in values:
        if name not in cls._defaults:
            raise TypeError(f"{cls.__name__}() has no field {name!r}; it has {[*cls._defaults]}")
        if name in places[: len(args)]:
            raise TypeError(f"{cls.__name__}() got the field {name!r} twice")
    if missing := cls._needed - values.keys() - {*places[: len(args)]}:
        raise TypeError(f"{cls.__name__}() needs {', '.join(sorted(missing))}")


def equal(self: Any, other: Any) -> Any:
    """Compare with another of the same class, field by field."""
    if other.__class__ is not self.__class__:
        return NotImplemented
    same: bool = self._values(self) == self._values(other)
    return same


def hashed(self: Any) -> int:
    """Hash all fields."""
    return hash(self._values(self))


def shown(self: Any) -> str:
    """Write a record as it is made."""
    pairs = zip(self._defaults, self._values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def set_field(self: Any, name: str, value: object) -> None:
    """Refuse to change."""
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def delete_field(self: Any, name: str) -> None:
    """Refuse to change."""
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


METHODS = {
    "__init__": initialise,
    "__eq__": equal,
    "__hash__": hashed,
    "__repr__": shown,
    "__setattr__": set_field,
    "__delattr__": delete_field,
}
