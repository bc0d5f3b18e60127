"""The exam: inputs that the best training networks agree on, put to every network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from metanet.batch import Batch, Part
from metanet.errors import MetanetError
from metanet.models.probes import stacked
from metanet.options import Option, check, integer, number
from metanet.views.answers import answers
from metanet.views.exam_making import Examiner, synthesise
from metanet.views.exam_numbers import COLUMNS, SETS, exam_numbers
from metanet.views.exam_questions import questions
from metanet.views.exam_rules import checked_scores, common
from metanet.views.state import check_classes, check_labels, read_state
from metanet.views.view import NETWORK, View, architecture_of_part

INPUTS, FEWEST = 80, 2
"""How many inputs are made by default, about, and of each class at least."""
BEST, MOST = 6, 400
"""By default the panel is the best sixth of all networks, and 400 of them at most."""
OPTIONS: Mapping[str, Option] = {
    "per_class": integer(1, 4096),
    "steps": integer(0, 1_000_000),
    "panel": integer(1, 65536),
    "at_once": integer(1, 65536),
    "noise": number(0, 100),
    "warp": number(0, 10),
    "seed": integer(0, 2**32 - 1),
}


class Exam(View):
    """How a network answers inputs that were made from the best networks of a training set.

        exam = Exam.make(batch, accuracies)      # of training networks
        exam.compute(part)                       # (networks, len(exam.columns))
        again = Exam.from_state(exam.state())

    The inputs come from networks alone, without data: some for each class, by gradient ascent on
    the mean log-probability that a panel, the networks of the highest scores, gives it under
    random warps and noise. Every network then answers them clean, with noise, and warped. A view
    of networks that share the shapes of their inputs and their classes, whatever their
    architectures. What is asked depends on the networks given to `make` alone.
    """

    name = "exam"
    level = NETWORK
    columns = COLUMNS

    def __init__(
        self, questions: Sequence[Tensor], labels: Tensor, consensus: Tensor, panel: Tensor
    ) -> None:
        """Take questions of all sets, their labels within a set, and the panel with its answers."""
        self.questions = tuple(questions)
        self.labels, self.consensus, self.panel = labels, consensus, panel

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs as they were made, (n, ...), one tensor for each input of a network."""
        return tuple(x[: len(self.labels)] for x in self.questions)

    @classmethod
    def make(
        cls,
        networks: Batch | Sequence[Part],
        scores: Tensor | Sequence[float],
        *,
        per_class: int | None = None,
        steps: int = 300,
        panel: int | None = None,
        at_once: int = 3,
        noise: float = 0.2,
        warp: float = 0.7,
        seed: int = 0,
    ) -> Exam:
        """Make an exam of training networks, by the share of answers that each gets right.

        The `panel` networks of the highest scores take part, by default the best sixth and at most
        400, `at_once` of them in each of the `steps`; `panel` in the result are their places in the
        batch. By default there are about 80 inputs, and two of each class at least. Raises
        `MetanetError` for networks that do not share inputs and classes, for those that cannot be
        asked, for scores that are no shares, and for a panel of more networks than there are.
        """
        steps, at_once, noise, warp, seed = (
            check(name, value, OPTIONS)
            for name, value in (
                ("steps", steps), ("at_once", at_once), ("noise", noise), ("warp", warp),
                ("seed", seed),
            )
        )  # fmt: skip
        batch = networks if isinstance(networks, Batch) else Batch(tuple(networks))
        shapes, classes = common(batch.parts)
        if per_class is None:
            per_class = max(FEWEST, -(-INPUTS // classes))
        per_class = check("per_class", per_class, OPTIONS)
        scores = checked_scores(scores, batch.num_networks)
        if panel is None:
            panel = panel_size(batch.num_networks)
        panel = check("panel", panel, OPTIONS)
        if panel > batch.num_networks:
            raise MetanetError(
                f"`panel` is {panel}, expected at most {batch.num_networks}, as many as there are "
                "networks to choose from"
            )
        chosen = scores.sort(descending=True, stable=True).indices[:panel]
        examiners = examiners_of(batch, chosen.tolist())
        labels = torch.arange(classes).repeat(per_class).to(batch.parts[0].values.device)
        generator = torch.Generator().manual_seed(seed)
        made = synthesise(
            examiners, labels, shapes, generator=generator,
            steps=steps, at_once=at_once, noise=noise, warp=warp,
        )  # fmt: skip
        asked = questions(made, generator)
        with torch.no_grad():
            shares = torch.stack([one(asked).softmax(1) for one in examiners]).mean(0)
        return cls(asked, labels, shares.clamp_min(1e-9).log(), chosen)

    def compute(self, part: Part) -> Tensor:
        """Put the questions to the networks of a part, (networks, columns)."""
        shapes, classes = common([part])
        own = [tuple(x.shape[1:]) for x in self.questions]
        if shapes != own or classes != self.consensus.shape[1]:
            raise MetanetError(
                f"this exam asks networks with inputs of {own} and {self.consensus.shape[1]} "
                f"classes, got one of {shapes} and {classes}"
            )
        found = answers(part, self.questions)
        device = found.device
        return exam_numbers(found, self.labels.to(device), self.consensus.to(found))

    def state(self) -> dict[str, Tensor]:
        """Give all that it holds, as plain tensors by name."""
        questions = {f"questions.{place}": x for place, x in enumerate(self.questions)}
        return {
            **questions, "labels": self.labels, "consensus": self.consensus, "panel": self.panel,
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Exam:
        """Make the exam again of what `state` gave; `MetanetError` for what is no such state."""
        asked, others = read_state("an exam", state, "questions", "labels", "consensus", "panel")
        labels, consensus, panel = others
        check_labels(asked, labels, len(SETS))
        if consensus.ndim != 2 or len(consensus) != len(asked[0]) or consensus.shape[1] < 2:
            raise MetanetError(
                f"`consensus` is {list(consensus.shape)}, expected numbers of each class for the "
                f"{len(asked[0])} questions"
            )
        check_classes(labels, classes := consensus.shape[1])
        if len(labels.unique()) < classes:
            raise MetanetError(
                f"`labels` lacks some of the {classes} classes, expected each of them"
            )
        if not all(x.is_floating_point() and x.isfinite().all() for x in (*asked, consensus)):
            raise MetanetError("`questions` and `consensus` have numbers that are not finite")
        return cls(asked, labels.long(), consensus, panel)


def panel_size(networks: int) -> int:
    """Say how many of so many networks are in the panel by default.

    What only the few best agree on says less of all the others.
    """
    return min(MOST, -(-networks // BEST))


def examiners_of(batch: Batch, places: Sequence[int]) -> list[Examiner]:
    """Give some networks of a batch, by their places in it."""
    found = {}
    for part in batch.parts:
        net = architecture_of_part(part)
        own = stacked(part, net)
        for row, place in enumerate(part.positions):
            if place in places:
                weights = {name: w[row : row + 1].detach() for name, w in own.items()}
                found[place] = Examiner(net, weights)
    return [found[place] for place in places]
