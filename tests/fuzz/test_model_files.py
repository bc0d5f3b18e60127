"""Mutated exported programs and arrays: imported or refused, with nothing run and nothing left."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fuzz.json_mutations import change
from fuzz.rule import run
from fuzz.weights_mutations import BYTES, mutated

from graphgen.files import write_weights

NET = "inputs: {x: [4]}\nlayers: [linear: {out_features: 3}, relu, linear: {out_features: 2}]\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    path = tmp_path_factory.mktemp("program") / "model.pt2"
    torch.export.save(torch.export.export(module.eval(), (torch.zeros(5, 4),)), path)
    out = path.with_suffix(".yaml")
    assert run(["import", str(path), "-o", str(out)], [path], out, seconds=60).code == 0
    return path.read_bytes()


def changed(data: bytes, rng: random.Random) -> bytes:
    """Change one of the texts in an archive, which is whole otherwise."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        weights = [1 + 20 * name.endswith("model.json") for name in names]
        (chosen,) = rng.choices(names, weights)
        for name in names:
            content: bytes | None = old.read(name)
            if name == chosen and content is not None:
                if name.endswith(".json"):
                    _, content = change(json.loads(content), rng)
                elif rng.random() < 0.2:
                    content = None
                else:
                    content = rng.choice(BYTES)(content, rng)
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def check(data: bytes, folder: Path, place: Any, name: str = "model.pt2") -> bool:
    """Import a mutated model under the rule; say whether it was taken."""
    path, out = folder / name, folder / "net.yaml"
    path.write_bytes(data)
    outcome = run(["import", str(path), "-o", str(out)], [path], out)
    assert not outcome.broken, (place, outcome.broken, outcome.error[:1000])
    out.unlink(missing_ok=True)
    return outcome.code == 0


def mutations(count: int, seed: int, data: bytes, folder: Path) -> int:
    """Import so many mutated programs; give how many were taken."""
    taken = 0
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        broken = changed(data, rng) if rng.random() < 0.7 else rng.choice(BYTES)(data, rng)
        taken += check(broken, folder, (seed, number))
    return taken


def test_a_mutated_program_is_imported_or_refused(program: bytes, tmp_path: Path) -> None:
    assert 1 <= mutations(60, 0, program, tmp_path) <= 45


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_mutated_program_is_imported_or_refused_long(
    seed: int, program: bytes, tmp_path: Path
) -> None:
    mutations(1_000, seed, program, tmp_path)


def test_mutated_arrays_are_compared_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (3, 4), "0.bias": (3,), "2.weight": (2, 3), "2.bias": (2,)}
    write_weights(tmp_path / "net.npz", {n: rng.standard_normal(s) for n, s in shapes.items()})
    net, weights = tmp_path / "net.yaml", tmp_path / "net.npz"
    net.write_text(NET)
    x, y = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    originals = {}
    for suffix, save in ((".npy", np.save), (".npz", np.savez)):
        for name, array in (("x", x), ("y", y)):
            stream = io.BytesIO()
            save(stream, array)
            originals[f"{name}{suffix}"] = stream.getvalue()
    codes = []
    for seed in range(300):
        draw = random.Random(seed)
        suffix = draw.choice((".npy", ".npz"))
        which = draw.choice("xy")
        paths = {name: tmp_path / f"{name}{suffix}" for name in "xy"}
        for path in paths.values():
            path.write_bytes(originals[path.name])
        data = originals[f"{which}{suffix}"]
        paths[which].write_bytes(
            mutated(data, draw) if suffix == ".npz" else draw.choice(BYTES)(data, draw)
        )
        arguments = ["check", str(net), str(weights), "--inputs", str(paths["x"])]
        outcome = run([*arguments, "--outputs", str(paths["y"])], [net, weights, *paths.values()])
        # These numbers are no network's, so that what is read differs.
        assert outcome.broken in ([], ["exit code 1"]), (seed, outcome)
        codes.append(outcome.code)
    assert 20 < codes.count(1) < 280
    assert 0 not in codes
