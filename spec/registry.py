"""A registry: things by name, of ours and of other packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Generic, TypeVar

from spec.plugins import load_all, load_plugin, mistake, offered

T = TypeVar("T")


class Registry(MutableMapping[str, T], Generic[T]):
    """Things by name: those that were added, and those of plugins, loaded when they are asked for.

        METANETS = Registry("metanets", {"gmn": GMN}, is_metanet, "a subclass of Metanet")
        "mine" in METANETS               # loads the entry point `mine` alone
        list(METANETS)                   # loads all

    `admits` says whether a thing is of the kind that is kept here, and `expected`, in errors, what
    is. A group may be `shared` with another registry, which has what is of the other kind.
    """

    def __init__(
        self,
        group: str,
        own: Mapping[str, T],
        admits: Callable[[Any], bool],
        expected: str,
        shared: bool = False,
    ) -> None:
        self.group, self.admits, self.expected, self.shared = group, admits, expected, shared
        self.known: dict[str, T] = dict(own)

    def __getitem__(self, name: str) -> T:
        if name not in self.known:
            self._add(name, load_plugin(self.group, name) if isinstance(name, str) else None)
        return self.known[name]

    def __setitem__(self, name: str, thing: T) -> None:
        self.known[name] = thing

    def __delitem__(self, name: str) -> None:
        del self.known[name]

    def __iter__(self) -> Iterator[str]:
        if offered(self.group).keys() - self.known.keys():
            for name, found in load_all(self.group).items():
                if name not in self.known and self._is_admitted(found):
                    self.known[name] = found
        return iter(self.known)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{self.group}: {', '.join(self.known)}>"

    def register(self, name: str) -> Callable[[Any], Any]:
        """Add a thing under a name that is not taken, as a decorator."""

        def add(thing: Any) -> Any:
            if self.known.get(name, thing) is not thing:
                raise mistake(f"{self.group}: the name {name!r} is taken; take another")
            if not self._is_admitted(thing):
                raise mistake(f"{self.group}: {name!r} is {thing!r:.80}; expected {self.expected}")
            self.known[name] = thing
            return thing

        return add

    def _add(self, name: str, found: Any | None) -> None:
        if found is not None and (self._is_admitted(found) or not self.shared):
            self.register(name)(found)

    def _is_admitted(self, found: Any) -> bool:
        try:
            return bool(self.admits(found))
        except TypeError:
            return False
