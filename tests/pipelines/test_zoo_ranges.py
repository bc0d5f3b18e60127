"""Ranges: what they draw, and what is no range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.zoo.fields import integer, number
from pipelines.zoo.ranges import Constant, parse
from spec.fields import FieldError


def draws(value: Any, count: int = 2000) -> list[Any]:
    rng = np.random.default_rng(0)
    return [parse(value).draw(rng) for _ in range(count)]


def test_a_choice_takes_each_value_equally_often() -> None:
    found = draws({"choice": [8, "relu", None]})
    assert set(found) == {8, "relu", None}
    assert all(abs(found.count(value) - 667) < 80 for value in set(found))


def test_integers_include_both_ends() -> None:
    found = draws({"integers": [-1, 2]})
    assert all(type(value) is int for value in found)
    assert all(abs(found.count(value) - 500) < 80 for value in (-1, 0, 1, 2))


def test_uniform_is_uniform_and_log_uniform_in_its_logarithm() -> None:
    flat = np.array(draws({"uniform": [1, 3]}))
    assert abs(flat.mean() - 2) < 0.05
    assert flat.min() >= 1
    assert flat.max() < 3
    log = np.log10(draws({"log_uniform": [1e-4, 1e-1]}))
    assert abs(log.mean() + 2.5) < 0.1
    assert -4 <= log.min() < -3.9
    assert -1.1 < log.max() <= -1


def test_a_log_uniform_point_is_exact() -> None:
    assert set(draws({"log_uniform": [1e-3, 1e-3]}, 5)) == {1e-3}


def test_a_constant_draws_nothing() -> None:
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    assert Constant([1, 2]).draw(rng) == [1, 2]
    assert rng.random() == other.random()


@pytest.mark.parametrize(
    "value",
    [7, "relu", None, {"choice": [1, "a"]}, {"integers": [2, 2]}, {"uniform": [0, 1.5]},
     {"log_uniform": [1e-4, 1]}],
)  # fmt: skip
def test_the_plain_form_reads_back(value: Any) -> None:
    assert parse(parse(value).plain()) == parse(value)


def test_equal_ranges_have_equal_plain_forms() -> None:
    assert repr(parse({"uniform": [0, 1]}).plain()) == repr(parse({"uniform": [0.0, 1.0]}).plain())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"choise": [1]}, "one key of choice, .*got choise; did you mean 'choice'"),
        ({"choice": [1], "uniform": [0, 1]}, "one key .*got choice, uniform"),
        ({}, "one key .*got none"),
        ({"choice": []}, "a list of values"),
        ({"choice": 3}, "a list of values, got an integer 3"),
        ({"uniform": [1, 0]}, "in order"),
        ({"uniform": [0, float("inf")]}, "finite"),
        ({"uniform": [-1.7e308, 1.7e308]}, "finite"),
        ({"uniform": [0, "1"]}, "two numbers"),
        ({"uniform": [0]}, "two numbers"),
        ({"log_uniform": [0, 1]}, "positive"),
        ({"integers": [1, 2.5]}, "two integers"),
        ({"integers": [True, 2]}, "two integers"),
        ({"integers": [3, 2]}, "in order"),
    ],
)
def test_what_is_no_range_is_refused(value: Any, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        parse(value)


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ({"uniform": [0, 1]}, {"uniform": [0, 1.1]}, "in `uniform`: .*at most 1, got 1.1"),
        ({"choice": [0, 1]}, {"choice": [0, "x"]}, "in `choice`: .*got 'x'"),
        (1, True, "got True"),
    ],
)
def test_a_range_lies_within_its_field(good: Any, bad: Any, message: str) -> None:
    parse(good, number(0, 1))
    with pytest.raises(FieldError, match=message):
        parse(bad, number(0, 1))


def test_a_range_of_floats_is_no_range_of_integers() -> None:
    assert parse({"integers": [1, 5]}, integer(1)).extremes() == (1, 5)
    with pytest.raises(FieldError, match="expected an integer, got 1.0"):
        parse({"uniform": [1, 5]}, integer(1))
