"""The tree of modules, and which of them stand on a line of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from graphgen.template import Template

Fits = Callable[[Sequence[int]], bool]


@dataclass
class Part:
    """A module: the groups of nodes that are its own, and the modules in it, in order."""

    path: str
    parent: Part | None = None
    children: dict[str, Part] = field(default_factory=dict)
    own: list[int] = field(default_factory=list)

    def groups(self) -> list[int]:
        """List all groups of the module in the order of the template."""
        found = list(self.own)
        for child in self.children.values():
            found += child.groups()
        return sorted(found)


@dataclass(frozen=True)
class Unit:
    """What stands together: a module, or a run of layers that lie side by side in one."""

    part: Part
    groups: tuple[int, ...]
    whole: bool

    @property
    def within(self) -> str:
        """The path of the module that it lies in."""
        if not self.whole:
            return self.part.path
        return self.part.parent.path if self.part.parent is not None else ""

    @property
    def titled(self) -> bool:
        """Whether it has a title of its own: a run of layers is told by their captions."""
        return self.whole and self.part.parent is not None


def tree(template: Template, groups: Sequence[int]) -> Part:
    """Build the tree of modules of these groups from the architecture's layers.

    A layer's name has the names of the blocks and repetitions in front that it was written in; a
    module with nothing but one other in it is one with that.
    """
    if template.net is not None:
        layers = [layer.name for layer in template.net.layers]
    else:
        layers = list(dict.fromkeys(block.layer for block in template.blocks))
    known = set(layers)
    root = Part("")
    for i in groups:
        part = root
        for name in prefixes(layer_of(template.node_groups[i].name, known)):
            part = part.children.setdefault(name, Part(name, part))
        part.own.append(i)
    return joined(root)


def layer_of(group: str, layers: set[str]) -> str:
    """Give the layer that a group of nodes comes from: its name, up to a mark."""
    ends = [match.start() for match in re.finditer(r"[/:.]", group)]
    for end in (len(group), *reversed(ends)):
        if group[:end] in layers:
            return group[:end]
    return group


def prefixes(name: str) -> Iterator[str]:
    """Give the names of the modules that a layer lies in, from outside, and its own."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def joined(part: Part) -> Part:
    """Join each module that holds nothing but one other with it."""
    part.children = {name: joined(child) for name, child in part.children.items()}
    if part.parent is not None and not part.own and len(part.children) == 1:
        (only,) = part.children.values()
        only.parent = part.parent
        return only
    for child in part.children.values():
        child.parent = part
    return part


class Cutting:
    """Cuts a network into units.

    A module in which another is repeated, one after the other, is cut into these; so is one that
    is too wide, and one that others come in between. Otherwise it stays whole, and layers that lie
    side by side run on while they fit. `matrices` counts those of a group, `columns` gives each
    group of some its column.
    """

    def __init__(
        self,
        root: Part,
        matrices: Callable[[int], int],
        fits: Fits,
        columns: Callable[[Sequence[int]], dict[int, int]],
    ) -> None:
        self.fits = fits
        self.columns = columns
        heavy = [group for group in root.groups() if matrices(group)]
        self.order = {group: place for place, group in enumerate(heavy)}
        self.root = root

    def units(self) -> list[Unit]:
        """Give the units in the order of the network; pieces that alternate are joined."""
        result: list[Unit] = []
        for unit in sorted(self._cut(self.root), key=lambda unit: unit.groups[0]):
            pieces = result and not (result[-1].whole or unit.whole)
            if pieces and not (self._intact(result[-1].part) and self._intact(unit.part)):
                both = sorted((*result[-1].groups, *unit.groups))
                if self.fits(both) and self._unbroken(both):
                    around = common(result[-1].part, unit.part)
                    result[-1] = Unit(around, tuple(both), False)
                    continue
            result.append(unit)
        return result

    def _intact(self, part: Part) -> bool:
        return part.parent is None or self._together(part.groups())

    def _cut(self, part: Part) -> list[Unit]:
        groups = part.groups()
        whole = not self._repeats(part) and self._together(groups) and self.fits(groups)
        if whole or not part.children:
            return [Unit(part, tuple(groups), True)]
        result: list[Unit] = []
        run: list[int] = []

        def end_run() -> None:
            if run:
                result.append(Unit(part, tuple(run), False))
                run.clear()

        entries: list[tuple[int, Part | int]] = [(group, group) for group in part.own]
        entries += [(min(child.groups()), child) for child in part.children.values()]
        for _, entry in sorted(entries, key=lambda pair: pair[0]):
            inside = [entry] if isinstance(entry, int) else entry.groups()
            if isinstance(entry, Part) and self._heavy(inside) > 1:
                end_run()
                result += self._cut(entry)
                continue
            if run and not (self.fits([*run, *inside]) and self._unbroken([*run, *inside])):
                end_run()
            run += inside
        end_run()
        return result

    def _heavy(self, groups: Sequence[int]) -> int:
        return sum(group in self.order for group in groups)

    def _together(self, groups: Sequence[int]) -> bool:
        """Whether no other group with a matrix comes in between."""
        places = [self.order[group] for group in groups if group in self.order]
        return not places or max(places) - min(places) + 1 == len(places)

    def _unbroken(self, groups: Sequence[int]) -> bool:
        """Whether no other group with a matrix comes between any two, with matrices or without."""
        inside = {*groups}
        between = range(min(groups), max(groups))
        return all(group in inside or group not in self.order for group in between)

    def _repeats(self, part: Part) -> bool:
        """Whether in it modules follow that are built alike, and named alike but for numbers."""
        seen: dict[str, list[tuple[frozenset[str], int]]] = {}
        column = self.columns(part.groups())
        for child in part.children.values():
            inside = child.groups()
            if self._heavy(inside) < 2:
                continue
            names = frozenset(inner_names(child))
            last = max(column[group] for group in inside)
            others = seen.setdefault(re.sub(r"\d+", "#", child.path), [])
            # Branches side by side end in the same column.
            if any(alike(names, other) and last != end for other, end in others):
                return True
            if self._repeats(child):
                return True
            others.append((names, last))
        return False


def common(a: Part, b: Part) -> Part:
    """Give the innermost module that holds both."""
    around = {id(part) for part in outwards(a)}
    return next(part for part in outwards(b) if id(part) in around)


def outwards(part: Part | None) -> Iterator[Part]:
    """Give a module and those around it."""
    while part is not None:
        yield part
        part = part.parent


def inner_names(part: Part) -> Iterator[str]:
    """Give the names of all modules in a module, as seen from it."""
    start = len(part.path) + 1

    def walk(inner: Part) -> Iterator[str]:
        for child in inner.children.values():
            yield child.path[start:]
            yield from walk(child)

    return walk(part)


def alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether at least half of all names are in both."""
    return 2 * len(a & b) >= len(a | b)
