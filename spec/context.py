"""Where an expansion stands: its variables, the prefix of its names, and how it got there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Path = tuple[str | int, ...]
"""Where something stands in a document: the keys and indices that lead to it."""


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
    """The surroundings of a list of layers."""

    variables: Mapping[str, object]
    prefix: str = ""
    trail: tuple[str, ...] = ()
    depth: int = 0
    counter: Counter = field(default_factory=Counter)

    def within(self, name: str) -> Context:
        """Enter a named list: names get a prefix and are counted anew."""
        return replace(
            self, prefix=f"{self.prefix}{name}.", depth=self.depth + 1, counter=Counter()
        )

    def having(self, variables: Mapping[str, object], trail: str) -> Context:
        """Have other variables, and one more line in the trail of an error."""
        return replace(self, variables=variables, trail=(*self.trail, trail), depth=self.depth + 1)

    def scopes(self) -> list[str]:
        """List the prefixes under which a name may be meant, the innermost first."""
        parts = self.prefix.split(".")[:-1]
        return ["".join(f"{part}." for part in parts[:end]) for end in range(len(parts), -1, -1)]
