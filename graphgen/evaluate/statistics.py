"""Statistics of the messages of nodes, as the nodes of a computation graph combine them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphgen.evaluate.reduce import kthvalue as ranked
from graphgen.template import EdgeBlock

if TYPE_CHECKING:
    from graphgen.evaluate.graph import Combination

Array = NDArray[Any]


def largest(node: Combination, blocks: Sequence[EdgeBlock]) -> Array:
    """Take the largest message, minus infinity where there is none."""
    result = node.full(-np.inf)
    for block in blocks:
        over = tuple(a + 1 for a, stride in enumerate(block.target_strides) if not stride)
        target = node.targets(block, result)
        np.maximum(target, node.sources(block).max(over, keepdims=True), out=target)
    return result


def kthvalue(node: Combination) -> Array:
    """Take the k-th message in ascending order, of those of one block."""
    (block,) = node.blocks
    result = node.full(0)
    over = tuple(a + 1 for a, stride in enumerate(block.target_strides) if not stride)
    target = node.targets(block, result)
    target[...] = ranked(node.sources(block), node.attributes["k"], over, True)
    return result


def mean(node: Combination) -> Array:
    """Average the messages of the items."""
    result, counts = node.full(0), node.full(0)
    for block in node.of("identity"):
        node.add(result, block)
        node.add(counts, block, np.ones((node.count, *block.shape), dtype=node.dtype))
    return result / counts


def deviation(node: Combination) -> Array:
    """Average the squares of the items, less their mean if that leads to the node too."""
    centre, result, counts = node.full(0), node.full(0), node.full(0)
    for block in node.of("mean"):
        node.add(centre, block)
    for block in node.of("identity"):
        squares = np.square(node.sources(block) - node.targets(block, centre))
        node.add(result, block, squares)
        node.add(counts, block, np.ones_like(squares))
    return result / counts


def log_sum_exp(node: Combination) -> Array:
    """Compute the logarithm of the sum of the exponentials of the items."""
    top = largest(node, node.blocks)
    top[np.isneginf(top)] = 0
    result = node.full(0)
    for block in node.blocks:
        node.add(result, block, np.exp(node.sources(block) - node.targets(block, top)))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(result) + top)
