"""The architectures of a graph set, each read when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graphgen.errors import GraphError
from spec import Architecture, SpecError, from_resolved
from spec.plugins import advice


class Architectures(Mapping[str, Architecture]):
    """The architectures by hash: thousands of them are made in a minute, and few may be needed."""

    def __init__(self, path: Path, rows: Mapping[str, dict[str, Any]]) -> None:
        self.path, self.rows = path, rows
        self._read: dict[str, Architecture] = {}

    def __getitem__(self, key: str) -> Architecture:
        if key not in self._read:
            row = self.rows[key]
            self._read[key] = read_architecture(
                self.path, key, row["resolved"], row.get("needs", {})
            )
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def read_architecture(
    path: Path, key: str, resolved: dict[str, Any], needs: Mapping[str, str] = MappingProxyType({})
) -> Architecture:
    """Make an architecture that an index holds, and compare it with its hash.

    `needs` are the packages that its layers come from, where these are not ours.
    """
    try:
        net = from_resolved(resolved)
    except SpecError as error:
        raise GraphError(f"{path}: architectures[{key[:16]!r}]: {error}{advice(needs)}") from None
    if net.hash != key:
        raise GraphError(
            f"{path}: architectures[{key[:16]!r}]: got the hash {net.hash[:16]!r}; the file was "
            "changed, or written by a version that describes this architecture otherwise"
        )
    return net
