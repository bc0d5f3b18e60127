"""Where an expansion stands: its variables, the prefix of its names, and how it got there."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spec.layer import Value

Path = tuple[str | int, ...]
"""Where something stands in a document: the keys and indices that lead to it."""

Place = tuple[str | int, ...]
"""Where something stands in an expansion: the steps through lists, turns and calls to it."""

SIDES = ("body", "shortcut")


class StopExpansion(Exception):  # noqa: N818  a signal, not an error
    """Raised where what follows cannot be expanded; the problem has been noted."""


@dataclass
class Counter:
    """Numbers the unnamed items of one list, as `torch.nn.Sequential` does."""

    next: int = 0

    def take(self) -> str:
        """Give the next number as a name."""
        self.next += 1
        return str(self.next - 1)


@dataclass(frozen=True)
class Context:
    """The surroundings of a list of layers.

    `several`: the list begins with several inputs, of which its first entry must name some, but for
    one that reads none, which stands behind the `first`.
    `current` is the value whose shape an expression may ask for. The list has come to its place by
    `address`, from which `frame` leads to it in the document. `twin` is the place of what shares
    its tensors with another, the place of that, and what that is called. `homes` are prefixes of
    names, and what tensors have in their place.
    """

    variables: Mapping[str, object]
    prefix: str = ""
    trail: tuple[str, ...] = ()
    depth: int = 0
    counter: Counter = field(default_factory=Counter)
    several: bool = False
    first: Value | None = None
    current: Value | None = None
    frame: Path = ()
    address: Place = ()
    twin: tuple[Place, Place, str] | None = None
    homes: tuple[tuple[str, str], ...] = ()

    def within(self, name: str, several: bool = False, first: Value | None = None) -> Context:
        """Enter a named list: names get a prefix and are counted anew."""
        return replace(
            self,
            prefix=f"{self.prefix}{name}.",
            depth=self.depth + 1,
            counter=Counter(),
            several=several,
            first=first,
        )

    def having(self, variables: Mapping[str, object], trail: str) -> Context:
        """Have other variables, and one more line in the trail of an error."""
        trails = (*self.trail, trail)
        return replace(self, variables=variables, trail=trails, depth=self.depth + 1)

    def on(self, current: Value | None) -> Context:
        """Have another current value."""
        return self if current is self.current else replace(self, current=current)

    def at(self, address: Place, frame: Path) -> Context:
        """Come to a place from elsewhere in the document."""
        return replace(self, address=address, frame=frame)

    def place(self, path: Path) -> Place:
        """Give the place of what stands at `path` in the document."""
        steps = path[len(self.frame) :]
        return (*self.address, *[step for step in steps if type(step) is int or step in SIDES])

    def home(self, name: str) -> str:
        """Give the name under which tensors of what has this name stand."""
        for prefix, home in self.homes:
            if name.startswith(prefix):
                name = home + name[len(prefix) :]
        return name

    def counterpart(self, path: Path) -> Place | None:
        """Give the place with which the one at `path` shares its tensors."""
        if self.twin is None:
            return None
        start, other, _ = self.twin
        return (*other, *self.place(path)[len(start) :])

    def counting(self, index: str, value: int) -> Context:
        """Enter one turn of a repetition."""
        variables = ChainMap({index: value}, self.variables)  # type: ignore[arg-type]
        return self.having(variables, f"in repeat, with {index} = {value}")

    def scopes(self) -> Iterator[str]:
        """Yield the prefixes under which a name may be meant, the innermost first."""
        prefix = self.prefix
        while prefix:
            yield prefix
            prefix = prefix[: prefix.rfind(".", 0, -1) + 1]
        yield ""
