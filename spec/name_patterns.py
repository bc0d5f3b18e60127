"""Patterns of names: `*` stands for a part without a dot, `**` for one with any."""

from __future__ import annotations

import re
from functools import cached_property

from spec.records import record

_WILDCARD = re.compile(r"(\*\*|\*)")


@record(frozen=True)
class NamePattern:
    """A pattern such as `h.*.attn.weight`; a wildcard stands for one character or more.

    >>> NamePattern("h.*.attn.weight").match("h.11.attn.weight")
    ('11',)
    """

    text: str

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """What it consists of: texts and wildcards."""
        return tuple(token for token in _WILDCARD.split(self.text) if token)

    @property
    def wildcards(self) -> tuple[str, ...]:
        """Its wildcards, in order."""
        return tuple(token for token in self.tokens if token in ("*", "**"))

    def match(self, name: str) -> tuple[str, ...] | None:
        """Give what the wildcards stand for in a name, each as short as can be; None if it fails.

        Takes a time bounded by the square of the name's length.
        """
        if not self.wildcards:
            return () if name == self.text else None
        if self.tokens[0] not in ("*", "**") and not name.startswith(self.tokens[0]):
            return None
        if self.tokens[-1] not in ("*", "**") and not name.endswith(self.tokens[-1]):
            return None
        return self._rest(name, 0, 0, set())

    def fill(self, parts: tuple[str, ...]) -> str:
        """Put parts in the place of the wildcards, in order."""
        left = iter(parts)
        return "".join(next(left) if t in ("*", "**") else t for t in self.tokens)

    def _rest(
        self, name: str, token: int, at: int, failed: set[tuple[int, int]]
    ) -> tuple[str, ...] | None:
        if token == len(self.tokens):
            return () if at == len(name) else None
        if (token, at) in failed:
            return None
        text = self.tokens[token]
        if text not in ("*", "**"):
            found = name.startswith(text, at)
            rest = self._rest(name, token + 1, at + len(text), failed) if found else None
            if rest is not None:
                return rest
        else:
            dot = name.find(".", at) if text == "*" else -1
            for end in range(at + 1, (len(name) if dot < 0 else dot) + 1):
                rest = self._rest(name, token + 1, end, failed)
                if rest is not None:
                    return (name[at:end], *rest)
        failed.add((token, at))
        return None
