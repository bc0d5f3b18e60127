"""Whatever shapes a layer is given, it takes them or says what is wrong."""

from __future__ import annotations

from itertools import islice, product
from random import Random

import pytest

from spec.layer import LAYERS
from spec.testing.listing import Unfit, outcome
from spec.testing.pen import Pen
from spec.testing.writers import WRITERS

SHAPES = [(), (1,), (4,), (2, 4), (3, 4, 4), (2, 3, 4, 4), (1, 2, 3, 2, 2)]
COMBINATIONS = 150


@pytest.mark.parametrize("type_", sorted(LAYERS))
def test_inputs_of_any_rank_are_taken_or_refused(type_: str) -> None:
    least, most = LAYERS[type_].inputs_allowed
    tried = 0
    for count in range(least, min(most, 3) + 1):
        for number, shapes in enumerate(islice(product(SHAPES, repeat=count), COMBINATIONS)):
            pen, writer = Pen(Random(number)), WRITERS[type_]
            ranks = [shape for shape in SHAPES if writer.least <= len(shape) <= writer.most]
            try:
                fields = pen.meaning(writer.write(pen, ranks[number % len(ranks)]))
            except Unfit:
                continue
            tried += 1
            try:
                outcome(type_, fields, list(shapes), most=10**6)
            except Unfit:
                continue
    assert tried
