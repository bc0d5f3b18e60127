"""Fixed: a value that is neither computed nor learned."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.primitive import Primitive, Shape
from spec.records import record

Number = float | str
"""A number; an infinite one is the word `inf` or `-inf`."""


@record(frozen=True)
class Fixed(Primitive):
    """Numbers for each sample alike, of shape `sizes`; no tensor holds them.

    The input only says how many samples there are. By `formula`:

    - `numbers`: the items in C order; one number stands for all.
    - `arange`: `numbers` are start and step along the one axis.
    - `band`: of an item in row i and column j of the last two axes, 1 where j is at most `before`
      places before i and `after` behind it, else 0, as `numbers` say; `inf` is no limit. The last
      row meets the last column.
    """

    sizes: Shape
    formula: str
    numbers: tuple[Number, ...]
    name: ClassVar[str] = "fixed"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        return self.sizes
