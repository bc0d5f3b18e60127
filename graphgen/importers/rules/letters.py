"""Products of two values by the letters of their axes, whichever layer says them."""

from __future__ import annotations

from dataclasses import dataclass

from graphgen.importers.network import Node
from graphgen.importers.rules.session import Session

POOL = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Product:
    """A sum of products of two values: a letter for each axis, without the batch."""

    values: tuple[str, str]
    words: tuple[str, str]
    output: str

    @property
    def summed(self) -> set[str]:
        """The letters that the output lacks."""
        return set("".join(self.words)) - set(self.output)


def product_of(session: Session, node: Node) -> Product | None:
    """Give the letters of a `matmul` or `einsum` of two values; None where axes are repeated."""
    if len(node.inputs) != 2:
        return None
    x, y = node.inputs
    if node.layer == "matmul":
        front = POOL[: len(node.shape) - 2]
        words, output = (f"{front}tk", f"{front}ks"), f"{front}ts"
    else:
        left, _, output = node.fields["equation"].replace(" ", "").partition("->")
        given = left.split(",")
        if "..." in left:
            rest = len(node.shape) - len(output.replace("...", ""))
            free = "".join(c for c in POOL.upper() if c not in left)[:rest]
            given, output = [w.replace("...", free) for w in given], output.replace("...", free)
        else:
            given, output = [word[1:] for word in given], output[1:]
        words = (given[0], given[1])
    sizes: dict[str, int] = {}
    for word, value in zip(words, (x, y), strict=True):
        shape = session.shape(value)
        if len(set(word)) != len(word) or len(word) != len(shape):
            return None
        for letter, size in zip(word, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                return None
    return Product((x, y), words, output)
