"""Networks put into one frame: each arranged so that all lie close to one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.checkpoint import Form
from graphgen.errors import GraphError, concerning, described, instance, whole
from graphgen.finite import check_finite
from graphgen.fitting import fitting
from graphgen.matching.matching import flag
from graphgen.merging.activations import Activations, standard
from graphgen.merging.arrangement import Arrangement, Frame
from graphgen.merging.folding import fold_norms
from graphgen.merging.search import KEPT, Mover, Search
from graphgen.merging.widths import Embedding, Lazy, widest
from graphgen.sources import Net, Weights, architecture_from, place_of
from graphgen.units.derivation import Units
from graphgen.units.extents import Extent
from spec import Architecture

Array = NDArray[Any]
Arrays = dict[str, Array]

MAPS = ("orthogonal", "invertible")


class Universe(Sequence[Arrangement]):
    """Networks of one architecture in one frame, that of the first: an arrangement of each.

    `net` is the architecture of the frame: of unequal widths, that of the widest.

        found = graphgen.align(net, [a, b])
        b_in_frame = found[1].apply(b)
        middle = graphgen.average(found.networks())

    What takes one to another is what takes it to the frame and the frame to the other: all agree,
    whichever way one goes round.
    """

    def __init__(self, movers: Sequence[Mover], sweeps: int) -> None:
        self._movers = movers
        self.net = movers[0].frame.net
        self.sweeps = sweeps

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [mover.arrangement for mover in self._movers[index]]
        return self._movers[index].arrangement

    def __len__(self) -> int:
        return len(self._movers)

    def __iter__(self) -> Iterator[Arrangement]:
        return (mover.arrangement for mover in self._movers)

    def networks(self) -> list[Arrays]:
        """Give the weights of all networks in the frame."""
        return [
            {name: mover.arrangement.tensor(name, array) for name, array in mover.weights.items()}
            for mover in self._movers
        ]

    def unaligned(self) -> list[Arrays]:
        """Give the weights of all networks as they lay, in the sizes of the frame."""
        return [dict(mover.weights.items()) for mover in self._movers]

    def __repr__(self) -> str:
        return f"<Universe of {len(self)} networks of {self._movers[0].frame.net.name}>"


def align(
    net: Net | Sequence[Net],
    networks: Sequence[Weights],
    maps: str | None = "orthogonal",
    streams: bool = False,
    activations: Sequence[Activations] | None = None,
    rng: np.random.Generator | None = None,
    sweeps: int = 50,
    fresh: bool = True,
) -> Universe:
    """Put networks of one architecture into the frame of the first, so that they can be merged.

        found = graphgen.align(net, [a, b])
        middle = graphgen.average(found.networks())

    Each network's units (channels, heads, neurons; `graphgen.units`) are assigned to those of all
    others, a family after the other, until no assignment of one family brings them closer; with
    more than two, network after network, each to the mean of the others (Crisostomi et al., C2M3,
    NeurIPS 2024). There is one frame, so what takes one network to another agrees whichever way
    one goes round. `maps` also lets units that are linear from one side to the other (query and
    key, value and output of each head, the rank of an adapter) be mixed by an "orthogonal" matrix,
    or by any that is "invertible", by Procrustes; None keeps to permutations. What rotary positions
    turn is turned by an angle of each pair, and scaled where it may be "invertible".

    `net` may list an architecture for each network, which differ in their numbers of units: then
    the frame has as many as the widest (`Universe.net`), to which each unit of a narrower network
    is assigned. What that one lacks is 0 in the frame, or comes several times where units are
    counted together, as by a layer norm; it computes what it did.

    `activations` has for each network values of some of the architecture's (`graphgen.activations`)
    on the same inputs: then these are brought together, and not the weights. `fresh` tries to
    begin from what of each unit no order of others changes, and not only from how the networks
    lie. Networks of which a tensor is read at a time (a mapping, such as of mapped files) may be
    larger than memory. Signs and scales of neurons stay: `graphgen.match` changes them. `rng` draws
    the order of families. Raises `GraphError` for weights that do not fit or are not finite.
    """
    given = listed(networks)
    architectures = architectures_of(net, len(given))
    architecture = widest(architectures)
    if maps is not None and not (isinstance(maps, str) and maps in MAPS):
        raise GraphError(f"`maps` is {described(maps)}; expected None, 'orthogonal', 'invertible'")
    if rng is not None:
        instance(rng, np.random.Generator, "rng", "numpy.random.default_rng(0)")
    whole(sweeps, "sweeps")
    frame = Frame(Units(architecture), folded=flag(streams, "streams"))
    embeddings = [
        None if own.hash == architecture.hash else Embedding(frame.units, own, f"net[{k}]")
        for k, own in enumerate(architectures)
    ]
    movers = [
        Mover(frame, fitting_lazily(frame, own, f"networks[{k}]", embedding), embedding)
        for k, (own, embedding) in enumerate(zip(given, embeddings, strict=True))
    ]
    generator = rng or np.random.default_rng(0)
    if activations is None:
        spent = together(movers, maps, generator, sweeps, fresh)
        return Universe(movers, spent)
    if not isinstance(activations, (list, tuple)) or len(activations) != len(movers):
        raise GraphError(
            f"`activations` is {described(activations)}; expected a list with the values of each "
            f"of the {len(movers)} networks"
        )
    found = standard([own.shapes for own in architectures], activations)
    for own, embedding in zip(found, embeddings, strict=True):
        if embedding is not None:
            own |= {name: embedding.value(name, array) for name, array in own.items()}
    seen = Frame(frame.units, {name: len(array) for name, array in found[0].items()})
    values = [Mover(seen, own, embedding) for own, embedding in zip(found, embeddings, strict=True)]
    spent = together(values, maps and "orthogonal", generator, sweeps, False)
    for mover, value in zip(movers, values, strict=True):
        mover.arrangement.orders = value.arrangement.orders
        mover.arrangement.maps = value.arrangement.maps
    return Universe(movers, spent)


def listed(networks: object) -> list[Any]:
    """List networks, two at least."""
    if isinstance(networks, (str, Mapping)) or not isinstance(networks, Sequence):
        raise GraphError(f"`networks` is {described(networks)}; expected a list of weights")
    if len(networks) < 2:
        raise GraphError(f"got {len(networks)} `networks`; expected two or more")
    return [*networks]


def architectures_of(net: Net | Sequence[Net], count: int) -> list[Architecture]:
    """Give the architecture of each network; `GraphError` for another number of them."""
    if not isinstance(net, (list, tuple)):
        return [architecture_from(net)] * count  # type: ignore[arg-type]
    if len(net) != count:
        raise GraphError(f"`net` lists {len(net)} architectures; expected one of {count} networks")
    return [architecture_from(own) for own in net]


def fitting_lazily(
    frame: Frame, weights: Weights, argument: str, embedding: Embedding | None
) -> Mapping[str, Array]:
    """Give weights that fit; those too large to be kept are read when they are asked for."""
    if isinstance(weights, Mapping) and 4 * frame.size > KEPT:
        if embedding is None:
            return weights
        if not embedding.repeated:
            return Lazy(embedding, weights)
    if embedding is None:
        arrays = fitting(Form.of(frame.net), weights, argument)
    else:
        with concerning(place_of(weights, argument)):
            arrays = {**embedding.lifted(weights)}
    if frame.folded:
        arrays = fold_norms(frame.net, arrays)
    trained = {name: arrays[name] for name in frame.net.parameters}
    with concerning(place_of(weights, argument)):
        check_finite(trained)
        wrong = [name for name, array in trained.items() if array.dtype.kind == "c"]
        if wrong:
            raise GraphError(f"complex numbers are not aligned: {', '.join(wrong)}")
    return arrays


def together(
    movers: Sequence[Mover], maps: str | None, rng: np.random.Generator, sweeps: int, fresh: bool
) -> int:
    """Bring networks together, the first as it lies; give how many rounds it took."""
    for k in range(1, len(movers)):
        nearest(search_of(movers[k], movers[:k], maps), rng, sweeps, fresh)
    if len(movers) == 2:
        return 1
    for spent in range(sweeps):
        better = False
        for k in range(1, len(movers)):
            others = [own for own in movers if own is not movers[k]]
            better |= search_of(movers[k], others, maps).run(rng, sweeps)
        if not better:
            return spent + 1
    return sweeps


def search_of(mover: Mover, others: Sequence[Mover], maps: str | None) -> Search:
    """Begin to bring a network close to the mean of others.

    Where some lack units that the others have, what they lack does not count; unless neither side
    has all, so that what they have need not meet.
    """
    lacking = [
        frozenset[Extent]() if own.embedding is None else own.embedding.lacking
        for own in (mover, *others)
    ]
    first, *rest = lacking
    if not any(lacking) or first & frozenset.intersection(*rest):
        return Search(mover, mean_of(others), maps)
    frame = mover.frame
    whole = frozenset(f.atom for f in frame.families if maps and f.name in frame.mixing)

    def there(name: str) -> Array:
        every = [own.presence(name, whole) for own in others]
        found: Array = np.max(every, axis=0)
        return found

    def here(name: str) -> Array:
        return mover.presence(name, whole)

    return Search(mover, mean_of(others, whole), maps, (there, here))


def nearest(search: Search, rng: np.random.Generator, sweeps: int, fresh: bool) -> None:
    """Bring one network close to a target, from one start or two."""
    mover = search.mover
    start = mover.arrangement.copy()
    search.run(rng, sweeps)
    if not fresh:
        return
    best, kept = search.total(), mover.arrangement
    mover.back(start)
    search.begin()
    search.run(rng, sweeps)
    if search.total() <= best:
        mover.back(kept)


def mean_of(
    movers: Sequence[Mover], whole: frozenset[Extent] | None = None
) -> Callable[[str], Array]:
    """Give the mean of networks as they are arranged now, tensor by tensor.

    Unless `whole` is None, it is the mean of those that have something there; see `presence`.
    """
    if len(movers) == 1:
        return movers[0].tensor
    kept: Arrays = {}

    def tensor(name: str) -> Array:
        if name in kept:
            return kept[name]
        total = movers[0].tensor(name).copy()
        for mover in movers[1:]:
            total += mover.tensor(name)
        if whole is None:
            total /= len(movers)
        else:
            total /= np.maximum(sum(mover.presence(name, whole) for mover in movers), 1)
        if 4 * movers[0].frame.size <= KEPT:
            kept[name] = total
        return total

    return tensor
