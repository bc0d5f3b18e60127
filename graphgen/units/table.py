"""The table of units: a row for each family, and what stays."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphgen.units.derivation import Units


def write(found: Units) -> str:
    """Print units: each family's number, what one has, and what stays below, with why."""
    head = ("units", "number", "parameters of one", "tensors", "")
    rows = [head]
    for family in found.families.values():
        each = f" in each of {prod(family.copies)}" if family.copies else ""
        rows.append((
            family.name, f"{family.size}{each}", f"{family.parameters:,}",
            str(len(family.tensors)), shortened(family.together),
        ))  # fmt: skip
    for branches in found.branches.values():
        count = len(branches.layers[0])
        rows.append((
            branches.name, str(branches.size), f"{branches.parameters:,}",
            str(len(branches.owned[0])), f"{count} layer{'s' * (count > 1)}",
        ))  # fmt: skip
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = [
        "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]
    stays: dict[str, list[str]] = {}
    for own in found.held:
        stays.setdefault(own.why[0].split(" (")[0], []).append(
            f"{own.size} of {own.tensor} (axis {own.axis})"
        )
    for why, where in stays.items():
        more = f" and {len(where) - 3} more" if len(where) > 3 else ""
        lines.append(f"stays: {', '.join(where[:3])}{more}: {why}")
    count = sum(map(len, found.branches.values()))
    more = f", {count} branch{'es' * (count > 1)}" if count else ""
    return "\n".join([f"{found.net.name}: {len(found):,} units{more}", *lines])


def shortened(reasons: tuple[str, ...]) -> str:
    """Write the first of some reasons, and how many more there are."""
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return reasons[0] + more if reasons else ""
