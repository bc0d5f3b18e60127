"""Linear maps, products of matrices, and sums of products by letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphgen.importers.network import Weight
from graphgen.importers.operators.elementwise import combine
from graphgen.importers.operators.letters import Letters, folded, matrix_layer, said
from graphgen.importers.operators.repeated import repeated_axis
from graphgen.importers.operators.shapes import permute, reshape
from graphgen.importers.refusal import MixedSamplesError
from graphgen.importers.traced import Constant, Parameter, Traced, Value
from graphgen.importers.tracer import Tracer

POOL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def linear(t: Tracer, x: Traced, weight: Traced, bias: Traced | None = None) -> Value:
    """Apply `x W^T + b` along the last axis."""
    out = weight.shape[0] if len(weight.shape) == 2 else 1
    made = isinstance(weight, Value) and weight.name in t.made
    if (isinstance(weight, Value) and not made) or len(weight.shape) != 2:
        turned = permute(t, weight, range(len(weight.shape))[::-1])
        y = t.value(matmul(t, x, turned))
        return y if bias is None else combine(t, "add", [y, bias])
    front = range(len(x.shape) - 1)
    alike = repeated_axis(t, [[*front, None]], front, [x])
    if alike is not None:
        (first,) = alike.once(t, [x])
        return alike.for_all(t, linear(t, first, weight, bias), alike.letter)
    value = t.value(x)
    t.axis(value, -1)
    how, tensors = t.tensor("weight", weight)
    stored = not isinstance(bias, Value) and bias is not None and bias.shape == (out,)
    if stored:
        tensors["bias"] = t.weight(bias, "the bias")
    shape = (*value.shape[:-1], out)
    fields = {"out_features": int(out)} | ({} if stored else {"bias": False}) | how
    y = t.layer("linear", [value], shape, value.batch, fields, tensors)
    return y if bias is None or stored else combine(t, "add", [y, bias])


def matmul(t: Tracer, x: Traced, y: Traced) -> Traced:
    """Give the product of matrices as `torch.matmul` does: vectors, and axes in front repeated."""
    left, right = len(x.shape), len(y.shape)
    front = POOL[: max(left, right, 2) - 2]
    words = [
        front[len(front) - max(left - 2, 0) :] + ("NK" if left > 1 else "K"),
        front[len(front) - max(right - 2, 0) :] + ("KM" if right > 1 else "K"),
    ]
    output = front + ("N" if left > 1 else "") + ("M" if right > 1 else "")
    return contract(t, words, output, [x, y])


def einsum(t: Tracer, equation: str, operands: Sequence[Traced]) -> Traced:
    """Give a sum of products by an equation of `torch.einsum`."""
    left, arrow, output = equation.replace(" ", "").partition("->")
    words = left.split(",")
    free = [letter for letter in POOL if letter not in equation]
    rests = [
        len(x.shape) - len(word.replace("...", "")) if "..." in word else 0
        for word, x in zip(words, operands, strict=True)
    ]
    rest = "".join(free[: max(rests, default=0)])
    words = [
        word.replace("...", rest[len(rest) - count :])
        for word, count in zip(words, rests, strict=True)
    ]
    if arrow:
        output = output.replace("...", rest)
    else:
        every = "".join(words).replace(rest, "") if rest else "".join(words)
        output = rest + "".join(sorted(c for c in set(every) if every.count(c) == 1))
    return contract(t, words, output, operands)


def contract(t: Tracer, words: Sequence[str], output: str, operands: Sequence[Traced]) -> Traced:
    """Give a sum of products of operands, whose axes have these letters."""
    if all(isinstance(x, Constant) for x in operands):
        return Constant(folded(words, output, operands))
    words, operands = _without_diagonals(t, list(words), list(operands))
    alike = repeated_axis(t, words, output, operands)
    if alike is not None:
        first = contract(t, words, output, alike.once(t, operands))
        return alike.for_all(t, first, output.index(alike.letter))
    letters = Letters.of(t, words, output, operands)
    if len(operands) == 1:
        return _sum_of_one(t, words[0], output, operands[0])
    found = _as_linear(t, letters) or matrix_layer(t, letters)
    return found if found is not None else said(t, letters)


def _without_diagonals(
    t: Tracer, words: list[str], operands: list[Traced]
) -> tuple[list[str], list[Traced]]:
    """Give letters that come twice in an operand two names, and ones where both agree."""
    for place, word in enumerate(tuple(words)):
        for letter in dict.fromkeys(word):
            while words[place].count(letter) > 1:
                x = operands[place]
                if not isinstance(x, Value):
                    kept = "".join(dict.fromkeys(words[place]))
                    array = np.einsum(f"{words[place]}->{kept}", x.array)
                    view = isinstance(x, Parameter)
                    operands[place] = Parameter(x.name, array) if view else Constant(array)
                    words[place] = kept
                    break
                other = next(c for c in POOL if c not in "".join(words))
                at = words[place].rindex(letter)
                size = x.shape[at]
                if size != x.shape[words[place].index(letter)]:
                    t.refuse(f"a diagonal of axes of two lengths in {list(x.shape)}")
                words[place] = words[place][:at] + other + words[place][at + 1 :]
                words.append(letter + other)
                operands.append(Constant(np.eye(size, dtype=np.float32)))
    return words, operands


def _sum_of_one(t: Tracer, word: str, output: str, x: Traced) -> Traced:
    gone = [axis for axis, letter in enumerate(word) if letter not in output]
    y: Traced = x
    if gone:
        value = t.value(x)
        places = [t.axis(value, axis) for axis in gone]
        shape = tuple(n for axis, n in enumerate(value.shape) if axis not in gone)
        batch = value.batch
        if batch is not None:
            moved = batch.axis - sum(axis < batch.axis for axis in gone)
            batch = type(batch)(moved, batch.outer, batch.inner)
        y = t.layer("sum", [value], shape, batch, {"dim": places})
        word = "".join(letter for letter in word if letter in output)
    return permute(t, y, [word.index(letter) for letter in output])


def _as_linear(t: Tracer, letters: Letters) -> Value | None:
    """Give a product of a value and a parameter as a linear map, where it is one."""
    if len(letters.operands) != 2:
        return None
    kinds = [isinstance(x, Value) for x in letters.operands]
    if sum(kinds) != 1:
        return None
    at = kinds.index(True)
    x, w = letters.operands[at], letters.operands[1 - at]
    word, own = letters.words[at], letters.words[1 - at]
    if not isinstance(x, Value) or isinstance(w, Value):
        return None
    summed = [c for c in own if c in word and c not in letters.output]
    new = [c for c in own if c not in word and c in letters.output]
    sizes_agree = all(x.shape[word.index(c)] == w.shape[own.index(c)] for c in summed if c in word)
    if not summed or len(summed) + len(new) != len(own) or not sizes_agree:
        return None
    if any(c not in letters.output and c not in summed for c in word):
        return None
    if isinstance(w, Constant) and (w.array.dtype.kind != "f" or not new):
        return None
    count = int(np.prod([w.shape[own.index(c)] for c in summed], dtype=np.int64))
    array = w.array.transpose([own.index(c) for c in (*new, *summed)])
    weight = array.reshape(-1, count)
    if isinstance(w, Parameter) and not np.shares_memory(weight, w.array):
        return None
    kept = [c for c in word if c not in summed]
    if x.batch is not None and word[x.batch.axis] in summed:
        raise MixedSamplesError(f"{t.source} sums over the samples")
    turned = t.value(permute(t, x, [word.index(c) for c in (*kept, *summed)]))
    front = turned.shape[: len(kept)]
    flat = t.value(reshape(t, turned, (*front, count))) if len(summed) > 1 else turned
    name = w.name
    y = t.layer(
        "linear", [flat], (*front, weight.shape[0]), flat.batch,
        {"out_features": int(weight.shape[0]), "bias": False}, {"weight": Weight(name, weight)},
    )  # fmt: skip
    if len(new) != 1:
        y = t.value(reshape(t, y, (*front, *(w.shape[own.index(c)] for c in new))))
    order = [*kept, *new]
    return t.value(permute(t, y, [order.index(c) for c in letters.output]))
