"""The views by name, and what a batch holds of them."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.options import nearest, shown
from metanet.views.exam import Exam
from metanet.views.function import Function
from metanet.views.initialisation import Initialisation
from metanet.views.made import is_made, of_source, source_of
from metanet.views.responses import Responses
from metanet.views.rows import Rows
from metanet.views.sharpness import ExamSharpness, Sharpness
from metanet.views.spectra import Spectra
from metanet.views.statistics import Statistics
from metanet.views.view import View, part_of

VIEWS: dict[str, type[View]] = {
    view.name: view
    for view in (
        *(Statistics, Spectra, Initialisation, Function, Sharpness, Exam, ExamSharpness),
        *(Rows, Responses),
    )
}


def make(name: str, exam: Exam | None = None) -> View:
    """Make a view by its name; `exam` and `exam_sharpness` of an exam.

        make("spectra").columns[0]               # "first_singular_1"
        exam = Exam.make(batch, accuracies, steps=20)        # of training networks
        make("exam_sharpness", exam)

    No other option is taken here: sharpness at inputs of one's own is `Sharpness(inputs, labels)`.
    Raises `MetanetError` for an unknown name, and where an exam is missing or of no use.
    """
    if not isinstance(name, str) or name not in VIEWS:
        raise MetanetError(f"unknown view {shown(name)}; {nearest(name, list(VIEWS))}")
    kind: Any = VIEWS[name]
    if not is_made(kind):
        if exam is not None:
            raise MetanetError(
                f"the view {name!r} takes no exam, which only views do that are made from "
                f"training networks: {', '.join(own for own in VIEWS if is_made(VIEWS[own]))}"
            )
        plain: View = kind()
        return plain
    source = source_of(kind)
    if not isinstance(exam, source):
        given = "none" if exam is None else shown(exam)
        raise MetanetError(
            f"the view {name!r} is made from training networks: by metanet.views.make({name!r}, "
            f"{source.name}) with {source.name} = metanet.views.{source.__name__}.make(networks, "
            f"scores); got {given}"
        )
    return of_source(kind, exam)


def view_of(part: Part, view: View) -> Tensor:
    """Give what a view says of the networks of a part: what the part holds, else computed.

    Raises `MetanetError` where the part holds numbers of other networks or columns.
    """
    held = part_of(part).views.get(view.name)
    if held is None:
        return view.compute(part)
    if tuple(held.shape) != (expected := view.shape(part)):
        raise MetanetError(
            f"the part holds {list(held.shape)} numbers as the view {view.name!r}, expected "
            f"{list(expected)} of its networks; leave `views` out to have it computed"
        )
    return held.to(part.values)
