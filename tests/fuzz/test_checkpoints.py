"""Mutated checkpoints of torch, and indices of shards: read whole, or refused with their name."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fuzz.json_mutations import change
from fuzz.limits import TookTooLongError
from fuzz.test_weights import WEIGHTS, check
from fuzz.weights_mutations import BYTES

from graphgen.files import write_weights

SAVE: Callable[..., Any] = torch.save


def seeds() -> list[bytes]:
    """Save the network as torch does: as an archive with checksums, without, and as of old."""
    state = {name: torch.from_numpy(array) for name, array in WEIGHTS.items()}
    files = []
    before = torch.serialization.get_crc32_options()
    try:
        for new, checksums in ((True, True), (True, False), (False, True)):
            torch.serialization.set_crc32_options(checksums)
            stream = io.BytesIO()
            SAVE({"epoch": 3, "model": state}, stream, _use_new_zipfile_serialization=new)
            files.append(stream.getvalue())
    finally:
        torch.serialization.set_crc32_options(before)
    return files


def run(count: int, seed: int, folder: Path) -> int:
    """Check mutations of checkpoints; give how many were read."""
    read = 0
    originals = seeds()
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        data = rng.choice(originals)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            data = rng.choice(BYTES)(data, rng)
        try:
            read += check(data, folder / f"mutated{rng.choice(('.pt', '.bin', ''))}")
        except (Exception, TookTooLongError) as error:
            raise AssertionError(f"seed {seed}, mutation {number}: {data[:300]!r}") from error
    return read


def test_a_mutated_checkpoint_is_read_or_refused(tmp_path: Path) -> None:
    assert 5 <= run(300, 0, tmp_path) <= 200


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_mutated_checkpoint_is_read_or_refused_long(seed: int, tmp_path: Path) -> None:
    run(2_000, seed, tmp_path)


def test_control_every_original_is_read(tmp_path: Path) -> None:
    assert all(check(data, tmp_path / "w.pt") for data in seeds())


def test_a_mutated_index_is_read_or_refused(tmp_path: Path) -> None:
    names = [*WEIGHTS]
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for shard, held in shards.items():
        write_weights(tmp_path / shard, {name: WEIGHTS[name] for name in held})
    weight_map = {name: shard for shard, held in shards.items() for name in held}
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    read = 0
    for seed in range(200):
        _, text = change(json.loads(json.dumps(index)), random.Random(seed))
        read += check(text, tmp_path / "index.json")
    assert 5 <= read <= 150
    assert check(json.dumps(index).encode(), tmp_path / "index.json")
