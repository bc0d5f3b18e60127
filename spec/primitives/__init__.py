"""The primitives: the few operations that all layers expand into."""

from spec.primitives.contract import Contract
from spec.primitives.elementwise import Elementwise
from spec.primitives.normalise import Normalise
from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.primitives.reduce import Reduce
from spec.primitives.reshape import Reshape
from spec.primitives.window import Window

PRIMITIVES: tuple[type[Primitive], ...] = (
    Contract,
    Window,
    Elementwise,
    Normalise,
    Reduce,
    Reshape,
)

__all__ = [
    "PRIMITIVES",
    "Contract",
    "Elementwise",
    "Normalise",
    "Primitive",
    "Reduce",
    "Reshape",
    "Shape",
    "ShapeError",
    "Window",
    "show",
]
