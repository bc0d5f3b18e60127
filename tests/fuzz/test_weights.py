"""Mutated files of weights: each is read whole, or refused with its name, soon and in bounds."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz.limits import TookTooLongError, bounded
from fuzz.weights_mutations import BYTES, NPZ, SAFETENSORS, bomb, mutated

import graphgen
import spec
from graphgen.files import read_weights, write_weights
from graphgen.testing import random_weights

SECONDS, MORE_BYTES = 5.0, 1 << 30
NET = spec.loads(
    "inputs: {x: [3]}\n"
    "layers: [{linear: {out_features: 4}}, batch_norm, relu, {linear: {out_features: 2}}]"
)
WEIGHTS = random_weights(NET, np.random.default_rng(0), np.float32)
SUFFIXES = (".safetensors", ".npz", ".npz", ".pt", "")


def seeds(folder: Path) -> list[bytes]:
    write_weights(folder / "w.safetensors", WEIGHTS)
    write_weights(folder / "w.npz", WEIGHTS)
    small = io.BytesIO()
    np.savez_compressed(small, **dict(WEIGHTS))
    files = (folder / "w.safetensors", folder / "w.npz")
    return [*(file.read_bytes() for file in files), small.getvalue()]


def check(data: bytes, path: Path, read: Callable[[Path], Any] = read_weights) -> bool:
    """Hold one file to the rule; say whether it was read."""
    path.write_bytes(data)
    before = sorted(path.parent.iterdir())
    try:
        with bounded(SECONDS, MORE_BYTES):
            try:
                arrays = read(path)
                sizes = [array.copy().size for array in arrays.values()]
            except graphgen.GraphError as error:
                check_message(error, path)
                return False
            with suppress(graphgen.GraphError):
                graphgen.compile(NET, path).check_values()
            return sum(sizes) >= 0
    finally:
        assert sorted(path.parent.iterdir()) == before


def check_message(error: graphgen.GraphError, path: Path) -> None:
    message = str(error)
    assert message.startswith(f"{path}: ") or message.startswith(f"{path}, "), message
    assert len(message) < 5_000


def run(count: int, seed: int, folder: Path) -> int:
    """Check mutations of files; give how many were read."""
    read = 0
    originals = seeds(folder)
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        data = mutated(rng.choice(originals), rng)
        try:
            read += check(data, folder / f"mutated{rng.choice(SUFFIXES)}")
        except (Exception, TookTooLongError) as error:
            raise AssertionError(f"seed {seed}, mutation {number}: {data[:300]!r}") from error
    return read


def test_a_mutated_file_is_read_or_refused(tmp_path: Path) -> None:
    assert 10 <= run(400, 0, tmp_path) <= 300


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_mutated_file_is_read_or_refused_long(seed: int, tmp_path: Path) -> None:
    run(2_000, seed, tmp_path)


@pytest.mark.parametrize(
    ("mebibytes", "method", "message"),
    [
        (300, zipfile.ZIP_DEFLATED, "unpack to 3145.*, more than 100 times as many"),
        (1, zipfile.ZIP_BZIP2, "unknown compression 12"),
        (1, zipfile.ZIP_LZMA, "unknown compression 14"),
    ],
)
def test_an_archive_that_unpacks_to_much_is_refused_before(
    mebibytes: int, method: int, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.npz"
    path.write_bytes(bomb(seeds(tmp_path)[1], mebibytes, method))
    with bounded(SECONDS, 64 << 20), pytest.raises(graphgen.GraphError, match=message):
        read_weights(path)


def test_control_an_archive_of_many_zeros_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zeros.npz"
    path.write_bytes(bomb(seeds(tmp_path)[1], 20))
    assert not read_weights(path)["bomb"].any()


def test_every_original_is_read(tmp_path: Path) -> None:
    assert all(check(data, tmp_path / "w") for data in seeds(tmp_path))


@pytest.mark.parametrize("mutate", [*BYTES, *SAFETENSORS, *NPZ], ids=lambda f: f.__name__)
def test_control_every_mutation_changes_a_file(mutate: Any, tmp_path: Path) -> None:
    data = seeds(tmp_path)[0 if mutate in SAFETENSORS else 1]
    assert any(mutate(data, random.Random(seed)) != data for seed in range(5))


def naive(path: Path) -> Any:
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    return {
        name: np.frombuffer(data[start:][slice(*entry["data_offsets"])], "<f4")
        for name, entry in json.loads(data[8:start]).items()
    }


def test_control_a_reader_without_checks_fails(tmp_path: Path) -> None:
    data = seeds(tmp_path)[0]
    failures = 0
    for seed in range(60):
        try:
            check(mutated(data, random.Random(seed)), tmp_path / "w", naive)
        except Exception:
            failures += 1
    assert failures > 20


def test_control_what_takes_too_long_or_too_much_is_stopped(tmp_path: Path) -> None:
    def forever(path: Path) -> Any:
        while True:
            pass

    def greedy(path: Path) -> Any:
        return {"w": np.ones(1 << 31, np.uint8)}

    with pytest.raises(TookTooLongError), bounded(0.2, MORE_BYTES):
        forever(tmp_path)
    with pytest.raises(MemoryError):
        check(b"", tmp_path / "w", greedy)
