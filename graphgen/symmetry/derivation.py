"""The derivation of a group: from a template to its parts, with what was kept in place."""

from __future__ import annotations

from functools import cached_property
from math import prod

import numpy as np

from graphgen.symmetry.decomposition import Decomposition
from graphgen.symmetry.digits import OddDigits
from graphgen.symmetry.followers import Followers
from graphgen.symmetry.lift import Lift, Part
from graphgen.symmetry.quotient import Place, Quotient
from graphgen.symmetry.runs import Run, runs_of
from graphgen.symmetry.search import Search
from graphgen.symmetry.tree import Tree
from graphgen.template import Template

MOST_VERTICES = 30_000
"""A digit that may not shrink is kept in place if the graph would get more vertices than this."""

Counts = tuple[list[tuple[int, int]], list[tuple[int, int]]]


class Derivation:
    """The parts of a template's graph, in which alike items may be exchanged."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.statements: list[str] = []
        self._whole: set[Place] = set()
        self._pinned: set[Place] = set()
        while not self._derived():
            pass

    def _derived(self) -> bool:
        """Derive the parts; say whether that was possible with the digits that shrink."""
        self.quotient = Quotient(self.template, self._whole, self._pinned)
        quotient = self.quotient
        search = Search(quotient.bound)
        try:
            self.tree: Tree = Decomposition(
                quotient.colour, quotient.plain, quotient.rows, search, quotient.grown
            ).tree()
            self.lift = Lift(quotient, self.tree)
        except OddDigits as odd:
            self._keep(odd.digits, odd.held)
            return False
        self.statements += quotient.statements
        if search.held:
            names = self._names({int(quotient.base[v]) for v in search.held})
            self.statements.append(
                f"{names}: {len(search.held)} neurons hang together in a way that is not searched; "
                "they stay in place"
            )
        return True

    def _keep(self, digits: set[int], held: bool) -> None:
        """Let digits not shrink, or keep them in place if they are too large."""
        places = self.quotient.places(digits)
        whole = 0
        for group, spans in enumerate(self.quotient.cuts.spans):
            for span in spans:
                own = [digit for digit, at in span.parts() if (group, span.start, at) in places]
                if own:
                    kept = prod(digit.kept for digit, _ in span.parts())
                    whole += kept * prod(d.size for d in own) // prod(d.kept for d in own)
        if not held and whole <= MOST_VERTICES:
            self._whole |= places
            return
        self._pinned |= places
        size = max(self.quotient.digits[digit].size for digit in digits)
        found = {self.quotient.groups[group].start + start for group, start, _ in places}
        self.statements.append(
            f"{self._names(found)}: an axis of {size} stays in place, since its items are not "
            "exchanged one by one, and are too many to be searched"
        )

    def _names(self, nodes: set[int]) -> str:
        """Name the groups of some nodes."""
        names = [
            group.name
            for group in self.template.node_groups
            if any(group.start <= node < group.start + group.size for node in nodes)
        ]
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

    def counts(self) -> Counts:
        """List how many items are exchanged freely and how many times over; and ways likewise."""
        free: dict[int, int] = {}
        ways: dict[int, int] = {}

        def count(part: Part, times: int) -> None:
            if part.ways:
                ways[len(part.ways)] = ways.get(len(part.ways), 0) + times
            for run in part.runs:
                if run.idle:
                    continue
                size, over = run.size, times * run.times
                free[size] = free.get(size, 0) + over
                if run.part is not None:
                    count(run.part, over * size)

        count(self.lift.root, 1)
        return sorted(free.items()), sorted(ways.items())

    @cached_property
    def followers(self) -> Followers:
        """The nodes that go where others do."""
        return Followers(self.quotient, self.lift.followers)

    @property
    def dtype(self) -> type[np.signedinteger]:
        """The integers that number the vertices."""
        return np.int32 if self.quotient.total < 2**31 else np.int64

    def runs(self) -> tuple[Run, ...]:
        """List the outermost runs, of true sizes."""
        found = runs_of(self.quotient, self.lift.root, self.followers)
        return tuple(inner for run in found for inner in opened(run))


def opened(run: Run) -> list[Run]:
    """Leave out runs of one item, for what is inside."""
    inside = [inner for own in run.inside for inner in opened(own)]
    if run.items > 1 or not run.free:
        return [Run(run.own, tuple(inside), run.followers, run.told)]
    return inside
