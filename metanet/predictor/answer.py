"""An answer: what a predictor says of one network, in numbers and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An estimate with its interval, and whether the network is like those of the training.

        print(answer)                            # accuracy 0.943, 90 % between 0.921 and 0.960

    Attributes:
        estimate: the accuracy, from 0 to 1; None of a network too large or too strange to be read.
        interval: where it lies in a share `level` of all such networks; None where the network is
            outside of what was trained on, as then nothing is known of it.
        level: that share.
        inside: whether the network is like those of the training.
        reasons: why it is not, in words.
        remarks: what else is seen of it, in words.
    """

    estimate: float | None
    interval: tuple[float, float] | None
    level: float
    inside: bool
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.interval is None or self.estimate is None:
            guess = "" if self.estimate is None else f"; {self.estimate:.3f} would be a guess"
            head = f"no prediction: it is unlike the networks of the training{guess}"
        else:
            low, high = self.interval
            between = f"{self.level:.0%} between {low:.3f} and {high:.3f}"
            head = f"accuracy {self.estimate:.3f}, {between}"
        return "\n".join([head, *(f"  - {words}" for words in (*self.reasons, *self.remarks))])

    def plain(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}
