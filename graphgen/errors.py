"""The one error class of the package, and what raises it for arguments of a wrong kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class GraphError(Exception):
    """A mistake in what was asked of the compiler, or a file that cannot be used.

    The message says what was found, what was expected, where, and what to do.
    """


@contextmanager
def concerning(place: object) -> Iterator[None]:
    """Put a place, such as a file's name, before the message of a `GraphError` raised inside.

    A message that begins with it already stays, and so does the error's class.
    """
    try:
        yield
    except GraphError as error:
        told = str(error)
        if told.startswith(str(place)):
            raise
        raise type(error)(f"{place}: {told}") from None


def described(value: object) -> str:
    """Say what a value is, in a few words: `described([1])` is "a list"."""
    if value is None:
        return "None"
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    short = isinstance(value, (bool, int, float, str)) and not (
        isinstance(value, int) and value.bit_length() > 256
    )
    return f"{article} {name}" + (f", {value!r:.80}" if short else "")


def instance(value: object, kind: type[T], argument: str, advice: str = "") -> T:
    """Give a value of a kind back; `GraphError` that names the argument if it is of another."""
    if isinstance(value, kind):
        return value
    raise GraphError(
        f"`{argument}` is {described(value)}; expected a {kind.__name__}"
        + (f": {advice}" if advice else "")
    )


def whole(value: object, argument: str, least: int = 0) -> int:
    """Give an integer back, at least `least`; `GraphError` that names the argument otherwise."""
    # Numpy's integers, too, say what they are as an index; True and False are none.
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        try:
            number = value.__index__()
        except TypeError:
            number = least - 1
        if isinstance(number, int) and number >= least:
            return number
    raise GraphError(f"`{argument}` is {described(value)}; expected an integer of {least} or more")
