"""Where the blocks of a template cut its nodes into digits, and which digits are kept whole."""

from __future__ import annotations

from itertools import pairwise, product
from math import prod

from graphgen.symmetry.block_cuts import TOLD, Cut, End, Piece, ends_of
from graphgen.symmetry.digits import Digit, Span, tie
from graphgen.template import EdgeBlock, NodeGroup


class Cuts:
    """The spans of each group of nodes, and the pieces of the blocks between them."""

    def __init__(self, groups: list[NodeGroup], blocks: list[EdgeBlock]) -> None:
        self.bounds = [{0, group.size} for group in groups]
        self.cuts = [Cut(block, ends_of(groups, block)) for block in blocks]
        self._find_bounds()
        self.spans = [
            [Span(a, b - a) for a, b in pairwise(sorted(bounds))] for bounds in self.bounds
        ]
        for cut in self.cuts:
            self._cut(cut)
        for cut in self.cuts:
            self._tie(cut)
        for group, spans in zip(groups, self.spans, strict=True):
            if group.kind == "input" or group.output >= 0:
                for span in spans:
                    for digit, _ in span.parts():
                        digit.named = True
        self._keep_whole()

    def _find_bounds(self) -> None:
        """Cut groups where a block begins or ends, and where what is tied to it is cut."""
        for cut in self.cuts:
            for end in cut.ends:
                length = end.dense(cut.block.shape)
                if length:
                    self.bounds[end.group] |= {end.start, end.start + length}
        waiting = list(self.cuts)
        beside: dict[int, list[Cut]] = {}
        for cut in self.cuts:
            for end in cut.ends:
                beside.setdefault(end.group, []).append(cut)
        while waiting:
            changed = set()
            for cut in waiting:
                changed |= self._carry(cut)
            waiting = [cut for group in changed for cut in beside[group]]
            waiting = list({id(cut): cut for cut in waiting}.values())

    def _carry(self, cut: Cut) -> set[int]:
        """Carry bounds at one end of a block along its axes to the other; list groups newly cut."""
        shape = cut.block.shape
        for end in cut.ends:
            axes = end.axes(shape)
            if not axes or cut.odd or len(self.bounds[end.group]) == 2:
                continue
            stride = end.strides[axes[0]]
            inside = 1 + sum((shape[a] - 1) * end.strides[a] for a in axes[1:])
            last = end.start + stride * (shape[axes[0]] - 1) + inside
            for bound in self.bounds[end.group]:
                if end.start < bound < last:
                    q = -(-(bound - end.start) // stride)
                    if end.start + (q - 1) * stride + inside > bound:
                        cut.odd = True  # a bound inside an item
                    else:
                        cut.breaks[axes[0]].add(q)
        changed = set()
        for end in cut.ends:
            axes = end.axes(shape)
            for a in axes:
                for q in cut.breaks[a] - {0, shape[a]}:
                    bound = end.start + q * end.strides[a]
                    if a != axes[0] or not end.dense(shape):
                        cut.odd = True
                    elif bound not in self.bounds[end.group]:
                        self.bounds[end.group].add(bound)
                        changed.add(end.group)
        return changed

    def _cut(self, cut: Cut) -> None:
        """Cut a block into pieces, and the spans of each at its strides."""
        for piece in product(*(cut.along(axis) for axis in range(len(cut.block.shape)))):
            own = Piece(tuple(a for a, _ in piece), tuple(n for _, n in piece))
            cut.pieces.append(own)
            for end in cut.ends:
                span = self._span(end.group, *end.reach(own.starts, own.shape))
                own.spans.append(span)
                for n, s in zip(own.shape, end.strides, strict=True):
                    moves = s and n > 1
                    if span is None or (
                        moves and not (s > 0 and span.cut_at(s) and span.cut_at(s * n))
                    ):
                        cut.odd = True

    def _span(self, group: int, first: int, last: int) -> Span | None:
        for span in self.spans[group]:
            if span.start <= first and last < span.start + span.size:
                return span
        return None

    def _tie(self, cut: Cut) -> None:
        """Make the digits that an axis runs over at several ends one, and name those told apart."""
        for piece in cut.pieces:
            for axis, role in enumerate(cut.block.axes):
                runs = cut.runs(piece, axis)
                for one, other in pairwise(runs):
                    if not tie(one, other):
                        cut.odd = True
                if role in TOLD:
                    for digit in (part for run in runs for d in run for part in d.parts()):
                        digit.named = True

    def _keep_whole(self) -> None:
        """Keep all items of the digits of which a block says more than that two are equal."""
        for spans in self.spans:
            for span in spans:  # a digit that comes twice is told apart by its diagonal
                digits = [digit for digit, _ in span.parts()]
                for digit in digits:
                    digit.whole |= digits.count(digit) > 1
        for cut in self.cuts:
            for piece in cut.pieces:
                for end, own in zip(cut.ends, piece.spans, strict=True):
                    if cut.odd or own is None:
                        self._keep_all(cut, end)
                    else:
                        keep_what_is_held(end, piece, own)
        self.agree()

    def agree(self) -> None:
        """Keep at one end of a block what is kept at the other, and in parts beside it."""
        changed = True
        while changed:
            changed = False
            for cut in self.cuts:
                stretches: dict[tuple[int, int, int], list[list[Digit]]] = {}
                for piece in cut.pieces:
                    for axis, (first, n) in enumerate(zip(piece.starts, piece.shape, strict=True)):
                        runs = cut.runs(piece, axis)
                        stretches.setdefault((axis, first, n), []).extend(runs)
                for (*_, n), runs in stretches.items():
                    changed |= keep_alike(runs, n)

    def _keep_all(self, cut: Cut, end: End) -> None:
        shape = cut.block.shape
        first, last = end.reach((0,) * len(shape), shape)
        for span in self.spans[end.group]:
            if span.start <= last and first < span.start + span.size:
                for digit, _ in span.parts():
                    digit.whole = True


def keep_what_is_held(end: End, piece: Piece, span: Span) -> None:
    """Keep the digits whole that a piece holds at one item, or does not run over from the first."""
    covered: list[Digit] = []
    for n, stride in zip(piece.shape, end.strides, strict=True):
        if stride and n > 1:
            covered += span.over(stride, n)
    at = end.start + sum(c * s for c, s in zip(piece.starts, end.strides, strict=True))
    for digit, stride in span.parts():
        if digit not in covered or (at - span.start) // stride % digit.size:
            digit.whole = True


def keep_alike(runs: list[list[Digit]], n: int) -> bool:
    """Keep the digits of an axis of n whole if its ends keep different items; say if any were not.

    Digits at the ends of one piece are one where they are alike.
    """
    shrunk = [[digit for digit in run if digit.kept < digit.size] for run in runs]
    if not any(shrunk):
        return False
    patterns = {
        tuple((prod(d.size for d in run[k:]), digit.size) for k, digit in enumerate(run)
              if digit.kept < digit.size)
        for run in runs
    }  # fmt: skip
    if len(patterns) == 1 and all(prod(digit.size for digit in run) == n for run in runs):
        return False
    for digit in (digit for run in shrunk for digit in run):
        digit.whole = True
    return True
