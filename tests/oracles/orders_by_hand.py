"""Orders of symmetries that were worked out by hand, as comments of a network's file give them."""

from __future__ import annotations

import re
from math import factorial, prod

FACTOR = re.compile(r"(\d+)(!?)(?:\^(\d+))?")


def formula(text: str) -> str:
    """Find the product in the comment `# order: 4! * 2!^3 * 2: channels, heads, ...`."""
    (product,) = re.findall(r"^# order: ([^:]+):", text, re.M)
    return str(product)


def by_hand(text: str) -> int:
    """Compute the order that a comment gives."""
    product = formula(text)
    factors = [FACTOR.fullmatch(word) for word in product.split(" * ")]
    if not all(factors):
        raise ValueError(f"no product of factorials and numbers: {product!r}")
    return prod(
        (factorial(int(f[1])) if f[2] else int(f[1])) ** int(f[3] or 1) for f in factors if f
    )
