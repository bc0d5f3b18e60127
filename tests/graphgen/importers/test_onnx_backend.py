"""Models of the onnx package are imported as they compute, or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from oracles.onnx_backend import Case, kind_of, made_cases, outcome, stored_cases, table

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "onnx_coverage.md"
EVERY = 11
"""Of the models of single operators the ordinary test takes every eleventh."""


def count(cases: Iterable[Case]) -> list[tuple[Case, str]]:
    """Import models, print how many are the same, and give what became of each."""
    found = [(case, outcome(case)) for case in cases]
    for several in (False, True):
        some = [told for case, told in found if case.is_several == several]
        same = sum(told == "same" for told in some)
        print(f"{'several operators' if several else 'one operator'}: {same} of {len(some)} same")
    return found


def test_models_with_stored_outputs_are_the_same_or_refused() -> None:
    found = count(stored_cases())
    assert len(found) == 140
    assert sum(told == "same" for _, told in found) >= 127
    several = [told for case, told in found if case.is_several]
    assert several.count("same") >= 0.9 * len(several)
    others = {case.name for case, told in found if kind_of(told) == "other reasons"}
    assert others - {case.name for case, told in found if told == "same"} == set()


def test_models_of_operators_are_the_same_or_refused() -> None:
    found = count(list(made_cases())[::EVERY])
    several = [told for case, told in found if case.is_several]
    assert sum(told == "same" for told in several) > 0.7 * len(several)


@pytest.mark.long
def test_the_page_says_what_all_models_became() -> None:
    found = count([*stored_cases(), *made_cases()])
    assert table(found) == PAGE.read_text(encoding="utf-8")


def test_a_wrong_output_is_found() -> None:
    case = next(case for case in stored_cases() if case.name == "test_Conv2d")
    wrong = Case(case.group, case.name, case.model, case.inputs, [case.outputs[0] + np.float32(1)])
    with pytest.raises(AssertionError):
        outcome(wrong)
