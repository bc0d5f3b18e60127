"""Views: what a metanet may see of a network beside its graph."""

from metanet.views.exam import Exam
from metanet.views.function import Function
from metanet.views.initialisation import Initialisation
from metanet.views.pooling import pool
from metanet.views.registry import VIEWS, make, view_of
from metanet.views.responses import Responses
from metanet.views.rows import Rows
from metanet.views.sharpness import ExamSharpness, Sharpness
from metanet.views.spectra import Spectra
from metanet.views.statistics import Statistics
from metanet.views.view import NETWORK, NODE, View, architecture_of_part

__all__ = [
    "NETWORK",
    "NODE",
    "VIEWS",
    "Exam",
    "ExamSharpness",
    "Function",
    "Initialisation",
    "Responses",
    "Rows",
    "Sharpness",
    "Spectra",
    "Statistics",
    "View",
    "architecture_of_part",
    "make",
    "pool",
    "view_of",
]
