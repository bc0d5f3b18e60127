"""All symmetries that a page shows, with their examples, in bounded time and room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphgen.compile import template as template_of
from graphgen.drawing.symmetry.acting import Acting
from graphgen.drawing.symmetry.bins import BinsOf
from graphgen.drawing.symmetry.factors import FactorFamilies
from graphgen.drawing.symmetry.families import PermutationFamilies
from graphgen.drawing.symmetry.moves import NotShownError
from graphgen.drawing.symmetry.outputs import Outputs
from graphgen.drawing.symmetry.tensors import OfTensors
from graphgen.drawing.values.packing import Lists
from graphgen.symmetry.group import Symmetries
from graphgen.symmetry.scalings import Scalings
from graphgen.symmetry.turns import turns
from graphgen.template import Template

MOST_NODES = 2_000_000
MOST_NUMBERS = 200_000
"""The most that the lists of a page may cost; further families come without examples."""


def derived(template: Template) -> Acting | None:
    """Derive the permutations of a parameter graph; None of others, and of too many nodes."""
    if template.kind != "parameter" or template.num_nodes > MOST_NODES:
        return None
    return Acting(Symmetries(template, () if template.net is None else turns(template.net)))


def of_tensors(template: Template) -> OfTensors | None:
    """Derive the symmetries of the parameter graph of a computation graph's network, if known."""
    if template.kind == "parameter" or template.net is None:
        return None
    acting = derived(template_of(template.net))
    return None if acting is None else OfTensors(template, acting)


def shown_symmetries(
    template: Template,
    acting: Acting | None,
    arrays: Mapping[str, NDArray[Any]] | None,
    bins_of: BinsOf,
    lists: Lists,
    *,
    apart: OfTensors | None = None,
    means: bool = True,
    examples: int = 2,
    seed: int = 0,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Give the symmetries that a page shows, and what the outputs were computed at.

    `apart` are those of a parameter graph, for the page of another graph.
    """
    if apart is not None:
        return apart.plain(), None
    if acting is None:
        why = (
            f"Symmetries are left out: {template.num_nodes:,} nodes are too many for a page."
            if template.kind == "parameter"
            else "Symmetries are shown on the parameter graph."
        )
        return {"order": None, "families": [], "statements": [], "left_out": why}, None
    group = acting.group
    outputs = Outputs(template, arrays, seed)
    rng = np.random.default_rng(seed)
    permutations = PermutationFamilies(group, acting, bins_of, lists, outputs)
    said: list[str] = []
    families = []
    bare = 0
    for part in sorted(acting.parts, key=lambda part: int(acting.name(part)[1:])):
        family = permutations.family(part)
        if lists.size < MOST_NUMBERS:
            family["examples"] = permutations.examples(part, examples, rng)
        else:
            bare += 1
        families.append(family)
    factors = FactorFamilies(Scalings(template), bins_of, means, lists, outputs)
    for family, found in factors.families(examples, rng):
        if lists.size < MOST_NUMBERS:
            try:
                family["examples"] = list(found)
            except NotShownError:
                permutations.not_shown.append(family["name"])
        else:
            bare += 1
        families.append(family)
    if outputs.left_out:
        said.append(outputs.left_out)
    if bare:
        said.append(f"{bare} of {len(families)} families come without examples, to save room.")
    if permutations.not_shown:
        names = ", ".join(permutations.not_shown[:5])
        said.append(f"{names}: moves cells in a way that is not shown.")
    return {
        "order": str(group).splitlines()[0],
        "signs_and_scales": repr(factors.group).split(": ")[1].rstrip(">"),
        "families": families,
        "statements": list(group.statements),
        "left_out": " ".join(said) or None,
    }, outputs.plain()
