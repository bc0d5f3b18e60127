"""Lookup: rows of a table, by an index or by a place in space."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.preparation import Preparation
from spec.primitives.primitive import Primitive, RefusalError, Shape, ShapeError, show
from spec.records import record

HASHED_COORDINATES = 7
"""The most coordinates that a hash table has prime factors for."""


@record(frozen=True)
class Lookup(Primitive):
    """Entries of a parameter, chosen or mixed by the input.

    - `table`: x holds indices `[...]`, the parameter is `[entries, features]`; gives
      `[..., features]`.
    - `columns`: the same with a parameter `[features, entries]`.
    - `grid`: x holds places `[..., k]` in [-1, 1], the parameter is `[features, *cells]` with k
      axes of cells, the first and last cell of each axis at -1 and 1; gives `[..., features]`,
      interpolated linearly along each axis, places outside moved to the border. Coordinate 0 runs
      along the last axis of cells (x), as in `torch.nn.functional.grid_sample`.
    - `hash`: x holds places `[..., k]` in [-1, 1]; the parameter is `[entries, features]`; a grid
      of `resolution` intervals along each axis whose corners share the entries by the hash of
      Mueller et al. 2022 (eq. 4), or own one each where there are enough.
    - `one_hot`: x holds indices `[...]` below `resolution`; gives `[..., resolution]`, 1 at the
      index and 0 elsewhere, in the dtype of a second input, or that of the network if there is
      none. There is no parameter.

    The parameter of a table may be `prepared` first.
    """

    kind: str
    resolution: int = 0
    prepared: Preparation | None = None
    name: ClassVar[str] = "lookup"

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        if self.kind == "one_hot":
            return (*inputs[0], self.resolution)
        (x,), (table,) = inputs, parameters
        if self.is_table:
            return (*x, table[self.kind == "table"])
        if x and self.kind == "hash" and x[-1] > HASHED_COORDINATES:
            raise RefusalError(
                f"a hash table takes places of at most {HASHED_COORDINATES} coordinates, "
                f"got {show(x)}"
            )
        if not x or (self.kind == "grid" and x[-1] != len(table) - 1):
            raise ShapeError(
                f"places in a space of {len(table) - 1} dimensions are needed on the last axis, "
                f"got {show(x)}"
            )
        return (*x[:-1], table[0] if self.kind == "grid" else table[1])

    @property
    def is_table(self) -> bool:
        """Whether the input holds indices of a parameter's entries."""
        return self.kind in ("table", "columns")

    def channel_axis(self, rank: int) -> int | None:
        return None if self.is_table or self.kind == "one_hot" else rank - 1
