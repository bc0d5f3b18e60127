"""Bonds: slots along which one map runs, from the tensors that write it to those that read it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from graphgen.families.flow import CENTRED, DUAL, ORTHOGONAL, SAME, Flow, Relation
from graphgen.families.slots import Slot
from graphgen.units.extents import Extent

HALVES, INTERLEAVED = "halves", "interleaved"
Gains = Counter[Slot]
"""Powers, not 0, of the tensors that scale items on the way to a slot."""


@dataclass(frozen=True)
class Frame:
    """What the map of a slot is: `L Q L^-1`, or `L Q^-T L^-1` if `dual`, L a product of gains."""

    dual: bool
    gains: frozenset[tuple[Slot, int]]

    def scaled(self, gain: Slot, power: int) -> Frame:
        """Multiply L by a power of a gain."""
        powers = dict(self.gains)
        total = powers.pop(gain, 0) + power
        if total:
            powers[gain] = total
        return Frame(self.dual, frozenset(powers.items()))

    def turned(self) -> Frame:
        """Give the inverse transpose."""
        return Frame(not self.dual, frozenset((gain, -power) for gain, power in self.gains))

    def beside(self, origin: Frame) -> Frame:
        """Say what it is where the map at another frame, not dual, is called Q."""
        result = self
        for gain, power in origin.gains:
            result = result.scaled(gain, power if self.dual else -power)
        return result

    def plain(self) -> Frame:
        """Give the frame, not dual, whose map has to be orthogonal where this one's has to be."""
        return self.turned() if self.dual else self


@dataclass(frozen=True)
class Bond:
    """Slots of one map, with what the map has to be, and the atoms for each of whose items it is.

    `frames` are those of slots of tensors, `values` those of values.
    """

    atom: Extent
    context: tuple[Extent, ...]
    demands: frozenset[str]
    frames: dict[Slot, Frame] = field(hash=False)
    values: dict[Slot, Frame] = field(hash=False)


def bonds(flow: Flow) -> list[Bond]:
    """Find all bonds along which maps may be chosen."""
    near: dict[Slot, list[tuple[Slot, Relation]]] = {}
    for relation in flow.relations:
        near.setdefault(relation.one, []).append((relation.other, relation))
        near.setdefault(relation.other, []).append((relation.one, relation))
    rank: dict[Extent, int] = {}
    for slot in flow.all():
        rank.setdefault(slot.atom, len(rank))
    found = []
    seen: set[Slot] = set()
    for slot in flow.all():
        if slot not in seen:
            frames, demands = component(flow, near, slot)
            seen.update(frames)
            bond = None if demands is None else made(flow, frames, demands, rank)
            if bond is not None:
                found.append(bond)
    return found


def component(
    flow: Flow, near: dict[Slot, list[tuple[Slot, Relation]]], first: Slot
) -> tuple[dict[Slot, Frame], set[str] | None]:
    """Follow relations from a slot; give frames and demands, None where no map may run."""
    frames = {first: Frame(False, frozenset())}
    queue = deque([first])
    origins: set[Frame] = set()
    demands: set[str] = set()
    free = True
    while queue:
        slot = queue.popleft()
        frame = frames[slot]
        free &= slot not in flow.stopped
        if words := flow.demands.get(slot):
            demands |= words
            origins.add(frame.plain())
        for other, relation in near.get(slot, ()):
            beyond = along(frame, relation, slot is relation.one)
            known = frames.get(other)
            if known is None:
                frames[other] = beyond
                queue.append(other)
            elif known != beyond:
                # A map that is its own inverse transpose is orthogonal; no other circle closes.
                free &= known.gains == beyond.gains
                demands.add(ORTHOGONAL)
                origins.add(Frame(False, frozenset()))
    if not free or len(origins) > 1:
        return frames, None
    (origin,) = origins or {Frame(False, frozenset())}
    return {slot: frame.beside(origin) for slot, frame in frames.items()}, demands


def along(frame: Frame, relation: Relation, forth: bool) -> Frame:
    """Give the frame at the other end of a relation."""
    if relation.kind == SAME:
        return frame
    if relation.kind == DUAL:
        return frame.turned()
    if relation.gain is None:
        raise ValueError(relation.kind)
    return frame.scaled(relation.gain, 1 if forth else -1)


def made(
    flow: Flow, frames: dict[Slot, Frame], demands: set[str], rank: dict[Extent, int]
) -> Bond | None:
    """Make a bond of slots that hang together; None where no tensor or no value is among them."""
    tensors = {slot: frame for slot, frame in frames.items() if slot.is_tensor}
    if not tensors or len(tensors) == len(frames):
        return None
    if len(demands & {HALVES, INTERLEAVED}) > 1 or (
        CENTRED in demands and demands & {HALVES, INTERLEAVED}
    ):
        return None
    atom = next(iter(frames)).atom
    common: set[Extent] | None = None
    for slot in frames:
        around = slot.around.keys() - flow.apart.get(slot, set())
        common = set(around) if common is None else common & around
    context = tuple(sorted((common or set()) - flow.mixed.get(atom, set()), key=rank.__getitem__))
    for gain in {gain for frame in frames.values() for gain, _ in frame.gains}:
        if not spans(flow, gain, context):
            return None
    values = {slot: frame for slot, frame in frames.items() if not slot.is_tensor}
    return Bond(atom, context, frozenset(demands), tensors, values)


def spans(flow: Flow, gain: Slot, context: tuple[Extent, ...]) -> bool:
    """Whether a gain depends on nothing but the bond's item and its context."""
    shape = flow.net.tensors[gain.owner].shape
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if axis == gain.axis:
            loops = gain.place.loops
            if not all(loop.extent.root in (gain.atom, *context) for loop in loops):
                return False
        elif not any(gain.around.get(atom, (None,))[0] == axis for atom in context):
            return False
    return True
