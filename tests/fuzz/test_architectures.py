"""Mutated architectures: each loads, or is refused with its file and a place, and soon."""

from __future__ import annotations

import contextlib
import random
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzz.yaml_mutations import DONORS, mutated

import spec
from spec.errors import MAX_PROBLEMS
from spec.testing import EQUALS, TWINS
from spec.testing.examples import EXAMPLES, example_texts

SECONDS = 5.0
BLOCKS = """
vars: {width: 4, gate: sigmoid}
inputs: {x: [4], memory: [4]}
blocks:
  gated:
    inputs: [new, old]
    args: {act: tanh}
    layers:
      - linear: {out_features: $width, inputs: new}
      - $act: {name: share}
      - multiply: {inputs: [share, old]}
layers:
  - gated: {inputs: [x, memory], name: g}
  - gated: {inputs: [g, x], act: $gate}
  - parallel: {branches: [[relu], [{linear: {out_features: 4}}]], merge: concat}
"""
LISTS = """
vars: {depth: 2, none: $null}
inputs: {x: {shape: [4, 3], axes: [features, time]}, y: [4, 3]}
blocks:
  tower:
    args: {width: "${shape[0] + 1}", act: $null}
    layers:
      - conv1d: {out_channels: $width, kernel_size: 1, parameters: {bias: $block.shift}}
      - "${act or 'relu'}"
layers:
  - tower: {name: a, inputs: x}
  - tower: {name: b, inputs: y, share: a, act: $none}
  - repeat: {times: $depth, share: true, collect: all, layers: [{tower: {width: 5}}]}
  - concat: {inputs: "${['a', 'b'] + ['all.' + str(i) for i in range(depth)]}", name: c}
  - parallel:
      times: 2
      layers: [{linear: {out_features: "${shape('c')[-1] + i}"}}]
      merge: concat
      dim: 2
  - sequential: {collect: ends, layers: [relu, tanh]}
  - add: {inputs: [ends]}
"""
SEEDS = (
    *DONORS,
    BLOCKS,
    LISTS,
    *(text for pairs in (TWINS, EQUALS) for pair in pairs.values() for text in pair),
    *(example_texts(type_)[0] for type_ in sorted(EXAMPLES)),
)
WHOLE_FILE = ("cannot read the file", "larger than", "expected text in YAML")


class HangError(BaseException):
    """A load took too long."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `HangError` in what takes longer, as the processor counts it."""

    def stop(signum: int, frame: Any) -> None:
        raise HangError(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def check(
    text: str, file: Path, load: Callable[..., spec.Architecture] = spec.load
) -> spec.Architecture | None:
    """Hold one load to the rule: an architecture that loads again, or a `SpecError` with places."""
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with limited(SECONDS), warnings.catch_warnings():
        warnings.simplefilter("ignore", spec.UnusedWarning)
        try:
            net = load(file)
        except spec.SpecError as error:
            check_message(error, file)
            return None
        again = spec.from_resolved(net.resolved())
    assert again.hash == net.hash
    assert str(again) == str(net)
    return net


def check_message(error: spec.SpecError, file: Path) -> None:
    assert 0 < len(error.problems) <= MAX_PROBLEMS
    assert len(str(error)) < 1_000_000
    for problem in error.problems:
        whole = problem.mark is None and any(words in problem.message for words in WHOLE_FILE)
        assert str(problem).startswith(str(file) if whole else f"{file}:"), problem
        assert problem.mark is not None or whole, problem


def run(count: int, seed: int, folder: Path) -> int:
    """Check mutations of random files; give how many loaded."""
    loaded = 0
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        text = mutated(rng.choice(SEEDS), rng)
        try:
            loaded += check(text, folder / "net.yaml") is not None
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise AssertionError(f"seed {seed}, mutation {number}:\n{text[:3000]}") from error
    return loaded


def test_a_mutated_architecture_loads_or_is_refused(tmp_path: Path) -> None:
    assert 5 <= run(300, 0, tmp_path) <= 250


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 9))
def test_a_mutated_architecture_loads_or_is_refused_long(seed: int, tmp_path: Path) -> None:
    run(1_000, seed, tmp_path)


def test_every_seed_loads(tmp_path: Path) -> None:
    assert all(check(text, tmp_path / "net.yaml") for text in SEEDS)


def test_a_mutation_is_a_function_of_its_seed() -> None:
    first, again, other = (mutated(DONORS[1], random.Random(seed)) for seed in (3, 3, 4))
    assert first == again != other
    assert len({mutated(DONORS[1], random.Random(seed)) for seed in range(100)}) > 90


def traceback(path: Path) -> spec.Architecture:
    raise AttributeError("'list' object has no attribute 'items'")


def hang(path: Path) -> spec.Architecture:
    while True:
        pass


def no_place(path: Path) -> spec.Architecture:
    raise spec.SpecError([spec.Problem("something is wrong", None)])


def another(path: Path) -> spec.Architecture:
    net = spec.loads("inputs: {x: [2]}\nlayers: [relu]")
    object.__setattr__(net, "hash", "0")
    return net


@pytest.mark.parametrize(
    ("load", "error"),
    [
        (traceback, AttributeError),
        (hang, HangError),
        (no_place, AssertionError),
        (another, AssertionError),
    ],
)
def test_the_rule_sees_what_is_wrong(
    load: Callable[..., spec.Architecture],
    error: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(check.__globals__, "SECONDS", 0.2)
    with pytest.raises(error):
        check(DONORS[0], tmp_path / "net.yaml", load)
