"""Sums of products as the language writes them: letters of axes, with those of samples apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.importers.operators.samples import for_each_sample
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Batch, Traced, Value
from graphgen.importers.tracer import Tracer


@dataclass(frozen=True)
class Letters:
    """A product's operands, the letter of each axis of each and of the output, and the samples'."""

    words: tuple[str, ...]
    output: str
    operands: tuple[Traced, ...]
    samples: str | None
    batch: Batch | None

    @classmethod
    def of(
        cls, t: Tracer, words: Sequence[str], output: str, operands: Sequence[Traced]
    ) -> Letters:
        """Find the letter of the samples, which must be one, and in the output."""
        found = {
            (word[x.batch.axis], x.batch.outer, x.batch.inner)
            for word, x in zip(words, operands, strict=True)
            if isinstance(x, Value) and x.batch is not None
        }
        if len(found) > 1:
            raise MixedSamplesError(f"{t.source} multiplies values with samples in two places")
        if not found:
            return cls(tuple(words), output, tuple(operands), None, None)
        letter, outer, inner = found.pop()
        if letter not in output:
            raise MixedSamplesError(f"{t.source} sums over the samples")
        batch = Batch(output.index(letter), outer, inner)
        return cls(tuple(words), output, tuple(operands), letter, batch)

    def shape(self) -> tuple[int, ...]:
        """Give the output's shape in the model; axes of 1 are repeated."""
        sizes: dict[str, int] = {}
        for word, x in zip(self.words, self.operands, strict=True):
            for letter, size in zip(word, x.shape, strict=True):
                sizes[letter] = max(size, sizes.get(letter, 1))
        return tuple(sizes[letter] for letter in self.output)

    def for_samples(self, t: Tracer) -> tuple[list[str], str, list[Value]]:
        """Give words and values as one sample has them."""
        words, values = [], []
        gone = self.samples if self.batch is not None and self.batch.items == 1 else None
        for word, x in zip(self.words, self.operands, strict=True):
            apart = isinstance(x, Value) and x.batch is not None
            if not apart and self.samples is not None and self.samples in word:
                x = for_each_sample(t, x, word.index(self.samples), self.batch or Batch(0))
            words.append(word.replace(gone, "") if gone else word)
            values.append(t.value(x))
        return words, self.output.replace(gone, "") if gone else self.output, values


def folded(words: Sequence[str], output: str, operands: Sequence[Any]) -> NDArray[Any]:
    """Compute a product of constants."""
    arrays = [x.array for x in operands]
    kind = np.result_type(*arrays)
    return np.asarray(np.einsum(f"{','.join(words)}->{output}", *arrays, optimize=True), kind)


def matrix_layer(t: Tracer, letters: Letters) -> Value | None:
    """Give `matmul` where it says the product."""
    if len(letters.operands) != 2:
        return None
    gone = letters.samples if letters.batch is not None and letters.batch.items == 1 else ""
    (x, y), out = (word.replace(gone or " ", "") for word in letters.words), letters.output
    out = out.replace(gone or " ", "")
    plain = len(x) == len(y) >= 2 and x[:-2] == y[:-2] == out[:-2] and len(out) == len(x)
    if not plain or x[-1] != y[-2] or out[-2:] != x[-2] + y[-1] or len({*x, *y}) != len(x) + 1:
        return None
    _, _, values = letters.for_samples(t)
    if values[0].sample_shape[-1] != values[1].sample_shape[-2]:
        return None
    return t.layer("matmul", values, letters.shape(), letters.batch)


def said(t: Tracer, letters: Letters) -> Value:
    """Give the `einsum` of the language, whose first letter stands for the batch."""
    words, output, values = letters.for_samples(t)
    order = dict.fromkeys("".join(words))
    if len(order) > len(NAMES):
        t.refuse(f"a product over {len(order)} axes; the language has {len(NAMES)} letters")
    names = dict(zip(order, NAMES, strict=False))
    spelled = ["n" + "".join(names[letter] for letter in word) for word in (*words, output)]
    equation = f"{','.join(spelled[:-1])}->{spelled[-1]}"
    return t.layer("einsum", values, letters.shape(), letters.batch, {"equation": equation})


NAMES = "abcdefghijklmopqrstuvwxyz"
"""Letters of the language for axes, but for that of the batch."""
