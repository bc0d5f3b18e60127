from __future__ import annotations

import pytest
from weight_matching import CASES, NETS, measure

import spec


@pytest.mark.long
def test_wide_networks_of_two_seeds_are_one_but_for_a_symmetry() -> None:
    file, variables = CASES["mlp, 512 wide"]
    barriers = measure(spec.load(NETS / file, **variables))
    assert barriers["barrier after matching"] < 0.02 < barriers["barrier"]
