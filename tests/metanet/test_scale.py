"""The largest sets and networks that a small machine takes, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import scale_once

GIB = 2**30


def once(name: str, *arguments: object) -> dict[str, float]:
    """Measure in a new process, whose memory nothing else has raised."""
    command = [sys.executable, scale_once.__file__, name, *map(str, arguments)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(answer.splitlines()[-1])
    return found


def check_set(folder: Path, count: int) -> dict[str, float]:
    """Write and read a set of so many networks, and bound what each takes."""
    made = once("write_set", folder, count)
    read = once("read_set", folder)
    assert read["networks"] == count
    assert read["values"] == 4 * 201 * count
    assert made["disk"] < (4.1 * 201 + 200) * count
    assert read["bytes"] - read["values"] < 64e6 + 2000 * count
    assert made["bytes"] < 200e6 + 2500 * count
    return read


def test_a_set_of_thousands_of_networks_is_one_batch(tmp_path: Path) -> None:
    check_set(tmp_path / "set", 5_000)


@pytest.mark.long
def test_a_set_of_a_million_networks_is_one_batch(tmp_path: Path) -> None:
    check_set(tmp_path / "set", 1_000_000)


@pytest.mark.long
def test_ten_million_edges_are_trained_on_in_six_gibibytes() -> None:
    found = once("step", 3160, 16, 4, "checkpoint")
    assert found["edges"] > 10**7
    assert found["bytes"] < 6 * GIB
    # Without checkpoints it would take more.
    kept = once("step", 998, 16, 4, "train")
    assert 10**7 * kept["bytes"] / kept["edges"] > 6 * GIB


@pytest.mark.long
def test_a_resnet_50_is_an_input_of_training() -> None:
    found = once("resnet50", 16, 2, "checkpoint")
    assert found["parameters"] > 25e6
    assert found["edges"] < 16e6, "taps are folded"
    assert found["bytes"] < 6 * GIB


def test_a_checkpoint_of_seven_billion_parameters_is_lowered_and_streamed() -> None:
    found = once("llama7b", 1_000_000)
    assert found["edges"] > 6.7e9
    assert found["bytes"] < 256e6
    assert found["streamed"] >= 1_000_000
