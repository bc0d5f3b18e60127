"""The primitives: the few operations that all layers expand into."""

from spec.primitives.concat import Concat
from spec.primitives.contract import Contract, matrix_product
from spec.primitives.elementwise import Elementwise
from spec.primitives.fixed import Fixed
from spec.primitives.learned import Learned
from spec.primitives.lookup import Lookup
from spec.primitives.normalise import Normalise
from spec.primitives.preparation import Preparation
from spec.primitives.primitive import Primitive, RefusalError, Shape, ShapeError, counted, show
from spec.primitives.recurrence import Recurrence
from spec.primitives.reduce import Reduce
from spec.primitives.resample import Resample
from spec.primitives.reshape import Reshape
from spec.primitives.rotary import Rotary
from spec.primitives.scan import Scan
from spec.primitives.sinusoid import Sinusoid
from spec.primitives.slice import Slice
from spec.primitives.take import Take
from spec.primitives.transpose import Transpose
from spec.primitives.window import Window

PRIMITIVES: tuple[type[Primitive], ...] = (
    Contract,
    Window,
    Elementwise,
    Normalise,
    Reduce,
    Resample,
    Reshape,
    Transpose,
    Slice,
    Take,
    Concat,
    Lookup,
    Learned,
    Fixed,
    Scan,
    Recurrence,
    Rotary,
    Sinusoid,
)

__all__ = [
    "PRIMITIVES",
    "Concat",
    "Contract",
    "Elementwise",
    "Fixed",
    "Learned",
    "Lookup",
    "Normalise",
    "Preparation",
    "Primitive",
    "Recurrence",
    "Reduce",
    "RefusalError",
    "Resample",
    "Reshape",
    "Rotary",
    "Scan",
    "Shape",
    "ShapeError",
    "Sinusoid",
    "Slice",
    "Take",
    "Transpose",
    "Window",
    "counted",
    "matrix_product",
    "show",
]
