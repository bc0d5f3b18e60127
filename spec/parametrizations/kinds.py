"""The ways to make a weight from other tensors, their options, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spec.architecture import TensorSpec
from spec.errors import quoted
from spec.fields import FieldError, flag, integer_kind, number, size
from spec.primitives import Shape, ShapeError
from spec.records import record
from spec.suggestions import suggest

KINDS: Mapping[str, Mapping[str, Any]] = {
    "weight_norm": {"dim": integer_kind(-24, 24, optional=True), "legacy": flag(default=False)},
    "spectral_norm": {"dim": integer_kind(-24, 24), "legacy": flag(default=False)},
    "weight_standardization": {
        "eps": number(default=1e-6, minimum=0),
        "unbiased": flag(default=False),
    },
    "lora": {"rank": size(), "alpha": number(default=1.0)},
    "dora": {"rank": size(), "alpha": number(default=1.0)},
}
"""The ways to make a weight, and their options."""

DEFAULTS: Mapping[str, Any] = {
    "dim": 0, "legacy": False, "eps": 1e-6, "unbiased": False, "alpha": 1.0,
}  # fmt: skip


@record(frozen=True)
class Parametrization:
    """How a weight is made: a word of `KINDS`, and its options."""

    kind: str
    options: tuple[tuple[str, Any], ...]

    def __getitem__(self, option: str) -> Any:
        return dict(self.options)[option]

    def plain(self) -> dict[str, dict[str, Any]]:
        """Write it as a description does."""
        return {self.kind: dict(self.options)}


@record(frozen=True)
class Made:
    """How a declared tensor's weight is made, its place and beginning, and its other tensors."""

    how: Parametrization
    place: str
    initial: tuple[str, float]
    others: tuple[TensorSpec, ...] = ()


def read(value: object) -> Parametrization:
    """Read a parametrization, `weight_norm` or `{weight_norm: {dim: 1}}`; or raise `FieldError`."""
    kind: object = value
    given: object = {}
    if isinstance(value, dict) and len(value) == 1:
        ((kind, given),) = value.items()
    if not isinstance(kind, str) or kind not in KINDS:
        hint = suggest(kind, KINDS) if isinstance(kind, str) else ""
        known = ", ".join(KINDS)
        raise FieldError(f"expected one of {known}, got {quoted(kind)}{hint}")
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise FieldError(f"`{kind}`: expected a mapping of its options, got {quoted(given)}")
    options = {}
    for name in given:
        if name not in KINDS[kind]:
            hint = suggest(str(name), KINDS[kind])
            raise FieldError(f"`{kind}` has no option {quoted(name)}{hint}")
    for name, declared in KINDS[kind].items():
        if name not in given and name not in DEFAULTS:
            raise FieldError(f"`{kind}` needs the option `{name}`")
        options[name] = option(name, declared, given.get(name, DEFAULTS.get(name)))
    return Parametrization(kind, tuple(options.items()))


def option(name: str, declared: Any, value: object) -> object:
    """Check one option by its kind."""
    kind = declared.metadata["kind"] if hasattr(declared, "metadata") else declared
    try:
        return kind.convert(value)
    except FieldError as error:
        raise FieldError(f"`{name}`: {error}") from None


def axis_of(dim: int, shape: Shape) -> int:
    """Count an axis of a weight from the front, after checking that there is one."""
    if not -len(shape) <= dim < len(shape):
        raise ShapeError(
            f"`dim` is {dim}, but a weight of shape {list(shape)} has the axes 0 to "
            f"{len(shape) - 1}"
        )
    return dim % len(shape)
