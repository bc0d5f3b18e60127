"""What an inner training has gathered of its gradients."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from metanet.errors import MetanetError
from metanet.options import check, integer, shown

DECAYS = (0.5, 0.9, 0.99)
"""Those of the momenta, unless more are asked for."""
NOMINAL = 0.9
"""The decay of the momentum that is Adam's."""
SQUARE_DECAY = 0.999
EPS = 1e-8
COUNTS = {name: integer(0, 2**53) for name in ("steps", "horizon")}
_TINY = 1e-24


@dataclass(frozen=True)
class OptimizerState:
    """What an inner training has gathered after `steps` updates, of at most `horizon`.

    `momenta` holds running means of gradients at several time scales, the `decays`, (networks, P,
    decays); `squares` their running mean squares, (networks, P). Where parameters had gradients in
    some steps only, `counts` says in how many, (P,).
    """

    steps: int
    horizon: int
    momenta: Tensor
    squares: Tensor
    counts: Tensor | None = None
    decays: tuple[float, ...] = DECAYS

    def __post_init__(self) -> None:
        for name in ("steps", "horizon"):
            check(name, getattr(self, name), COUNTS)
        for name in ("momenta", "squares"):
            if not isinstance(getattr(self, name), Tensor):
                raise MetanetError(f"`{name}` is {shown(getattr(self, name))}, expected a tensor")
        if self.counts is not None and not isinstance(self.counts, Tensor):
            raise MetanetError(f"`counts` is {shown(self.counts)}, expected a tensor or None")
        if not isinstance(self.decays, tuple) or any(
            not isinstance(decay, float) or not 0 <= decay < 1 for decay in self.decays
        ):
            raise MetanetError(
                f"`decays` is {shown(self.decays)}, expected a tuple of numbers from 0 to below 1"
            )
        if self.momenta.ndim != 3 or self.momenta.shape[2] != len(self.decays):
            raise MetanetError(
                f"`momenta` has the shape {list(self.momenta.shape)}, expected (networks, "
                f"parameters, {len(self.decays)}), one for each of the decays "
                f"{', '.join(map(str, self.decays))}"
            )

    @classmethod
    def first(
        cls, values: Tensor, horizon: int, decays: tuple[float, ...] = DECAYS
    ) -> OptimizerState:
        """Begin with parameters (networks, P)."""
        momenta = values.new_zeros(*values.shape, len(decays))
        return cls(0, horizon, momenta, values.new_zeros(()), None, decays)

    def updated(self, gradients: Tensor, present: Tensor | None = None) -> OptimizerState:
        """Take in the gradients of the next step, of the parameters that are `present`, (P,)."""
        decays = gradients.new_tensor(self.decays)
        momenta = decays * self.momenta + (1 - decays) * gradients.unsqueeze(2)
        squares = SQUARE_DECAY * self.squares + (1 - SQUARE_DECAY) * gradients.square()
        counts = self.counts
        if present is not None:
            before = present.new_full(present.shape, self.steps, dtype=gradients.dtype)
            counts = (before if counts is None else counts) + present.to(before)
            momenta = momenta.where(present.unsqueeze(1), self.momenta)
            squares = squares.where(present, self.squares)
        elif counts is not None:
            counts = counts + 1
        return replace(self, steps=self.steps + 1, momenta=momenta, squares=squares, counts=counts)

    def detached(self) -> OptimizerState:
        """Forget how the state came about."""
        return replace(self, momenta=self.momenta.detach(), squares=self.squares.detach())

    def means(self) -> tuple[Tensor, Tensor]:
        """Give momenta, and the root mean square of gradients; both unbiased."""
        decays = self.momenta.new_tensor(self.decays)
        if self.counts is None:
            seen, shares = 1 - SQUARE_DECAY**self.steps, 1 - decays**self.steps
            squares, momenta = self.squares / seen, self.momenta / shares
        else:
            counts = self.counts.clamp_min(1)
            squares = self.squares / (1 - SQUARE_DECAY**counts)
            momenta = self.momenta / (1 - decays ** counts.unsqueeze(1))
        # A root has no derivative where a gradient is zero, hence the tiny number.
        return momenta, (squares + _TINY).sqrt() + EPS

    def normalised(self) -> tuple[Tensor, Tensor]:
        """Give momenta over the root mean square of gradients, and that root; both unbiased."""
        momenta, roots = self.means()
        return momenta / roots.unsqueeze(2), roots

    def direction(self) -> Tensor:
        """Give Adam's direction, (networks, P)."""
        return self.normalised()[0][..., self.decays.index(NOMINAL)]
