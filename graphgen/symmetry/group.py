"""The symmetries of an architecture: permutations of neurons that leave its function unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphgen.arrays import array_of_shape
from graphgen.compile import template
from graphgen.errors import GraphError, described, instance, whole
from graphgen.sources import Net, architecture_from
from graphgen.symmetry import table
from graphgen.symmetry.big_numbers import multiplied, product_in_words
from graphgen.symmetry.derivation import Derivation
from graphgen.symmetry.ends import Ends
from graphgen.symmetry.permutation import Permutation
from graphgen.symmetry.runs import Nodes, Run, arrange, shuffle
from graphgen.symmetry.turns import turns
from graphgen.template import Template


def symmetries(net: Net) -> Symmetries:
    """Derive the permutation symmetries of an architecture, or of a file or a name of one.

        group = graphgen.symmetries(net)
        group.order                                    # an exact integer, made when asked for
        group.sample(rng).apply(weights)               # another network, the same function
        print(group)                                   # which permutation acts on which axis

    Neurons of a group may be permuted freely, unless inputs or outputs fix them, parameter-free
    edges, depthwise or shared weights tie them to others, or groups of channels move as wholes.
    Parallel branches that are built alike may be exchanged. What could not be decided stays in
    place, and is listed in `statements`.
    """
    net = architecture_from(net)
    return Symmetries(template(net), turns(net))


class Symmetries:
    """A group of permutations, as a value: it has an order, generators, and random elements.

    `turning` lists what lies outside: channels that have orientations, as pairs of the number of
    orientations and of channels. To print a group costs nothing that grows with its order.
    """

    def __init__(self, structure: Template, turning: tuple[tuple[int, int], ...] = ()) -> None:
        self.template = instance(
            structure, Template, "structure", "graphgen.template(net) gives one"
        )
        self.turning = tuple(pair(found) for found in instance(turning, tuple, "turning"))
        self.derivation = Derivation(structure)

    @property
    def statements(self) -> tuple[str, ...]:
        """What was kept in place since it could not be decided, a sentence each."""
        return tuple(self.derivation.statements)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The outermost runs of alike items that may be exchanged, of true sizes."""
        return self.derivation.runs()

    @cached_property
    def ends(self) -> Ends:
        """The ends of the template's blocks."""
        return Ends(self.template)

    @cached_property
    def order(self) -> int:
        """The number of permutations in the group, exactly: of millions of digits if it is large.

        `print(group)` tells its size at once.
        """
        return multiplied(*self.derivation.counts())

    @cached_property
    def turns(self) -> int:
        """The number of ways to turn channels that have orientations, outside of the group."""
        return multiplied([], self.turning)

    def sample(self, rng: np.random.Generator) -> Permutation:
        """Draw a permutation uniformly."""
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
        return self._arranged(lambda run, image: shuffle(run, image, rng))

    def generators(self) -> Iterator[Permutation]:
        """Give exchanges of neighbours, and of branches, that together generate the group."""
        for run, copies in self._first_copies(self.runs, 1):
            for copy in range(copies):
                for place in range(run.items - 1):
                    orders = np.tile(np.arange(run.items), (run.copies, 1))
                    orders[copy, [place, place + 1]] = place + 1, place
                    if not run.free:
                        orders = np.zeros(run.copies, dtype=np.int64)
                        orders[copy] = place + 1
                    yield self.arranged({run: orders})

    def _first_copies(self, runs: tuple[Run, ...], around: int) -> Iterator[tuple[Run, int]]:
        """List the runs, and how many copies each has in the first item of the one around it."""
        for run in runs:
            yield run, run.copies // around
            yield from self._first_copies(run.inside, run.copies * (run.items if run.free else 1))

    def permutation(self, nodes: NDArray[np.int64]) -> Permutation:
        """Give the permutation that takes node i to the place of `nodes[i]`, int64 (nodes,).

        Raises `GraphError` if the nodes are no permutation; its `apply` says whether they are one
        of the group.
        """
        nodes = array_of_shape(nodes, (self.template.num_nodes,), "`nodes`")
        if nodes.dtype.kind not in "iu" or not np.array_equal(
            np.sort(nodes), np.arange(len(nodes))
        ):
            raise GraphError(
                f"`nodes` is no permutation of 0 to {len(nodes) - 1}: each comes exactly once"
            )
        return self.element(nodes.astype(np.int64, copy=False))

    def element(self, nodes: NDArray[np.int64]) -> Permutation:
        """Give the permutation of nodes that are known to be one."""
        return Permutation(self.template, nodes, self.ends)

    def arranged(self, orders: Mapping[Run, Nodes]) -> Permutation:
        """Put the items of some runs in other orders, (copies, items) each: see `Run`.

        Of a run that is not `free` the way is chosen for each copy, (copies,).
        """

        def chosen(run: Run, image: Nodes) -> None:
            if run in orders:
                arrange(run, image, orders[run])

        return self._arranged(chosen)

    def _arranged(self, change: Callable[[Run, Nodes], None]) -> Permutation:
        followers = self.derivation.followers
        image = np.arange(followers.total, dtype=self.derivation.dtype)
        for run in self.runs:
            for own in reversed([*run.all()]):
                own.complete(image)
                change(own, image)
        followers.complete(image)
        return self.element(image[: self.template.num_nodes].astype(np.int64, copy=False))

    def __repr__(self) -> str:
        count = product_in_words(*self.derivation.counts())
        return f"<Symmetries of {self.template.architecture[:12]}: {count} permutations>"

    def __str__(self) -> str:
        return table.write(self)


def pair(turning: object) -> tuple[int, int]:
    """Give orientations and channels; `GraphError` if they are no two positive integers."""
    if not isinstance(turning, tuple) or len(turning) != 2:
        raise GraphError(f"`turning` has {described(turning)}; expected pairs of integers")
    return whole(turning[0], "turning", 1), whole(turning[1], "turning", 1)
