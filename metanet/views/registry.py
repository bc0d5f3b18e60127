"""The views by name, and what a batch holds of them."""

from __future__ import annotations

from torch import Tensor

from metanet.batch import Part
from metanet.errors import MetanetError
from metanet.options import nearest, shown
from metanet.views.exam import Exam
from metanet.views.function import Function
from metanet.views.initialisation import Initialisation
from metanet.views.responses import Responses
from metanet.views.rows import Rows
from metanet.views.sharpness import ExamSharpness, Sharpness
from metanet.views.spectra import Spectra
from metanet.views.statistics import Statistics
from metanet.views.view import View

VIEWS: dict[str, type[View]] = {
    view.name: view
    for view in (
        *(Statistics, Spectra, Initialisation, Function, Sharpness, Exam, ExamSharpness),
        *(Rows, Responses),
    )
}


def make(name: str) -> View:
    """Make a view by its name.

        make("spectra").columns[0]               # "first_singular_1"

    Raises `MetanetError` for an unknown name, and for one that is made from training networks.
    """
    if not isinstance(name, str) or name not in VIEWS:
        raise MetanetError(f"unknown view {shown(name)}; {nearest(name, list(VIEWS))}")
    if hasattr(VIEWS[name], "from_state"):
        raise MetanetError(
            f"the view {name!r} is made from training networks: by "
            f"metanet.views.{VIEWS[name].__name__}.make(batch, scores)"
        )
    return VIEWS[name]()


def view_of(part: Part, view: View) -> Tensor:
    """Give what a view says of the networks of a part: what the part holds, else computed."""
    held = part.views.get(view.name)
    return view.compute(part) if held is None else held.to(part.values)
