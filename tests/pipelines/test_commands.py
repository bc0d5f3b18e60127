"""The command `gmn`: a mistake gives one clear message with its place, exit code 2, no file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pipelines
from graphgen.files import read_weights, write_weights
from pipelines.cli import main

NET = (
    "inputs: {x: [4]}\nlayers:\n- linear: {out_features: 3}\n- relu\n- linear: {out_features: 2}\n"
)
WEIGHTS = {
    "0.weight": np.ones((3, 4), np.float32),
    "0.bias": np.ones(3, np.float32),
    "2.weight": np.ones((2, 3), np.float32),
    "2.bias": np.ones(2, np.float32),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    write_weights(tmp_path / "net.safetensors", WEIGHTS)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run `gmn`: the exit code, stdout and stderr."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_check_and_compile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check", "net.yaml", "net.safetensors", "--values")
    assert (code, err) == (0, "")
    assert "net.safetensors: fits, 4 tensors" in out
    code, out, _ = run(capsys, "compile", "net.yaml", "net.safetensors", "--out", "graphs")
    assert code == 0
    assert "23 edges in 4 blocks" in out
    assert (folder / "graphs" / "index.json").exists()


def test_checkpoints_of_torch_shards_and_folders(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save: Callable[..., Any] = torch.save
    save({"model": {n: torch.from_numpy(a) for n, a in WEIGHTS.items()}}, folder / "net.pt")
    (folder / "shards").mkdir()
    write_weights(folder / "shards" / "a.safetensors", {n: WEIGHTS[n] for n in [*WEIGHTS][:2]})
    write_weights(folder / "shards" / "b.safetensors", {n: WEIGHTS[n] for n in [*WEIGHTS][2:]})
    files = {n: f"{'a' if place < 2 else 'b'}.safetensors" for place, n in enumerate(WEIGHTS)}
    index = folder / "shards" / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": files}))
    for source in ("net.pt", "shards/model.safetensors.index.json", "shards"):
        code, out, err = run(capsys, "check", "net.yaml", source, "--values")
        assert (code, err) == (0, "")
        assert f"{source}: fits, 4 tensors" in out
        code, out, _ = run(
            capsys, "match", "net.yaml", source, "net.pt", "--out", "o.npz", "--replace"
        )
        assert code == 0
    (folder / "shards" / "b.safetensors").unlink()
    code, _, err = run(capsys, "check", "net.yaml", "shards")
    assert code == 2
    assert "b.safetensors; expected all of them" in err


def test_symmetries_and_match(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "symmetries", "net.yaml", "--scalings")
    assert (code, err) == (0, "")
    assert out.startswith("6 permutations\n  P0: of 3\n")
    assert "0 signs and 3 scales" in out
    rng = np.random.default_rng(0)
    first = {name: rng.normal(size=x.shape).astype(np.float32) for name, x in WEIGHTS.items()}
    order = [2, 0, 1]
    second = {
        **first,
        "0.weight": first["0.weight"][order],
        "0.bias": first["0.bias"][order],
        "2.weight": first["2.weight"][:, order],
    }
    write_weights(folder / "a.safetensors", first)
    write_weights(folder / "b.safetensors", second)
    code, out, _ = run(
        capsys, "match", "net.yaml", "a.safetensors", "b.safetensors", "--out", "c.safetensors"
    )
    assert code == 0
    assert "exact copy, distance 0 to a.safetensors" in out
    aligned = read_weights(folder / "c.safetensors")
    assert all(np.array_equal(aligned[name], array) for name, array in first.items())
    third = {name: rng.normal(size=x.shape).astype(np.float32) for name, x in WEIGHTS.items()}
    write_weights(folder / "b.safetensors", third)
    command = ("match", "net.yaml", "a.safetensors", "b.safetensors", "--out")
    assert "local optimum" in run(capsys, *command, "free.safetensors")[1]
    assert run(capsys, *command, "permuted.safetensors", "--permutations-only")[0] == 0
    for name, only in (("free", False), ("permuted", True)):
        moved = read_weights(folder / f"{name}.safetensors")["0.weight"]
        assert np.array_equal(np.sort(moved, axis=0), np.sort(third["0.weight"], axis=0)) == only
    code, out, err = run(
        capsys, "match", "net.yaml", "a.safetensors", "missing.npz", "--out", "d.safetensors"
    )
    assert code == 2
    assert "missing.npz" in err
    assert not (folder / "d.safetensors").exists()


def test_computation_graphs_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "compile", "net.yaml", "net.safetensors", "--kind", "computation", "--out", "graphs"
    )
    assert code == 0
    assert out.startswith("computation graph of ")


def test_resolved_form_loads_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, resolved, _ = run(capsys, "check", "net.yaml", "--resolved")
    (folder / "resolved.yaml").write_text(resolved)
    _, first, _ = run(capsys, "check", "net.yaml")
    _, second, _ = run(capsys, "check", "resolved.yaml")
    assert first == second


DESCRIPTIONS = {
    "a misspelt layer": (
        NET.replace("relu", "rleu"),
        "net.yaml:4:3: no layer or block is called 'rleu'; did you mean 'relu'?",
    ),
    "a wrong type": (
        NET.replace("3}", "three}"),
        "net.yaml:3:26: `out_features`: expected an integer of at least 1",
    ),
    "an unknown variable": (
        "vars: {width: 3}\n" + NET.replace("3}", "$widht}"),
        "net.yaml:4:26: unknown variable 'widht'; did you mean 'width'?",
    ),
    "a duplicate key": (NET + "layers: []\n", "net.yaml:6:1: duplicate key 'layers'"),
    "a shape that does not fit, deep in a block": (
        "inputs: {x: [1, 8, 8]}\n"
        "blocks:\n"
        "  two:\n"
        "    layers:\n"
        "    - repeat:\n"
        "        times: 2\n"
        "        layers:\n"
        "        - conv2d: {in_channels: 1, out_channels: 4, kernel_size: 3}\n"
        "layers: [two]\n",
        "net.yaml:8:11: `in_channels` is 1, but the input has 4",
    ),
    "an alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
            for old, new in zip("abcde", "bcdef", strict=True)
        ),
        "values, with all aliases expanded",
    ),
}


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_mistakes_in_a_description(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, message = DESCRIPTIONS[case]
    (folder / "net.yaml").write_text(text)
    for command, options in (("check", []), ("compile", ["--out", "graphs"])):
        code, _, err = run(capsys, command, "net.yaml", "net.safetensors", *options)
        assert code == 2
        assert message in err
        assert "Traceback" not in err
    assert sorted(path.name for path in folder.iterdir()) == ["net.safetensors", "net.yaml"]


def test_place_of_a_mistake_in_a_block(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = DESCRIPTIONS["a shape that does not fit, deep in a block"]
    (folder / "net.yaml").write_text(text)
    _, _, err = run(capsys, "check", "net.yaml")
    assert "in repeat, with i = 1" in err
    assert "in block 'two', called at net.yaml:9:10" in err


def test_all_mistakes_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.yaml").write_text(NET.replace("relu", "rleu").replace("2}", "two}"))
    _, _, err = run(capsys, "check", "net.yaml")
    assert "net.yaml:4:3" in err
    assert "net.yaml:5:26" in err
    assert err.count("net.yaml:") == 2


WRONG_WEIGHTS = {
    "a missing tensor": ({"0.bias": None}, "0.bias: missing, expected shape [3]"),
    "a misshapen tensor": ({"2.weight": np.ones((3, 2), np.float32)}, "expected [2, 3]"),
    "an extra tensor": ({"extra": np.ones(1, np.float32)}, "extra: not a tensor"),
}


@pytest.mark.parametrize("case", WRONG_WEIGHTS)
@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_weights_that_do_not_fit(
    case: str, suffix: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes, message = WRONG_WEIGHTS[case]
    weights = {k: v for k, v in {**WEIGHTS, **changes}.items() if v is not None}
    write_weights(folder / f"bad.{suffix}", weights)
    code, _, err = run(capsys, "compile", "net.yaml", f"bad.{suffix}", "--out", "graphs")
    assert code == 2
    assert f"bad.{suffix}: the weights do not fit" in err
    assert message in err
    assert not (folder / "graphs").exists()


def test_truncated_weights(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = (folder / "net.safetensors").read_bytes()
    for length in (0, 4, 40, len(data) - 1):
        (folder / "short.safetensors").write_bytes(data[:length])
        code, _, err = run(capsys, "compile", "net.yaml", "short.safetensors", "--out", "graphs")
        assert code == 2
        assert "short.safetensors" in err
    assert not (folder / "graphs").exists()


def test_values_are_looked_at_only_when_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = {**WEIGHTS, "2.bias": np.array([1, np.nan], np.float32)}
    write_weights(folder / "nan.safetensors", weights)
    assert run(capsys, "compile", "net.yaml", "nan.safetensors")[0] == 0
    assert run(capsys, "check", "net.yaml", "nan.safetensors")[0] == 0
    code, _, err = run(capsys, "check", "net.yaml", "nan.safetensors", "--values")
    assert code == 2
    assert "2.bias: 1 values are NaN or infinite, the first at [1]" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "nowhere", "net.yaml", "net.safetensors"], "nowhere holds no finished"),
        (
            ["edit", "nowhere", "net.yaml", "net.safetensors", "--out", "new.safetensors"],
            "nowhere holds no finished",
        ),
        (["evaluate", "nowhere", "graphs", "--out", "results"], "graphs holds no finished"),
        (["train", "nowhere", "--out", "runs"], "nowhere holds no finished"),
        (["zoo", "nowhere.yaml", "--out", "zoo"], "nowhere.yaml: "),
        (["check", "net.yaml", "--set", "width"], "expected NAME=VALUE"),
        (["check", "net.yaml", "--values"], "--values needs WEIGHTS"),
        (["compile", "net.yaml"], "needs WEIGHTS"),
    ],
)
def test_other_mistakes(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert sorted(path.name for path in folder.iterdir()) == ["net.safetensors", "net.yaml"]


def test_full_disk_leaves_nothing(folder: Path) -> None:
    """A limit on file sizes stands for a full disk: the write fails after the file was begun."""
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "from pipelines.cli import main\n"
        "main(['compile', 'net.yaml', 'net.safetensors', '--out', 'graphs'])\n"
    )
    root = str(Path(pipelines.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["net.safetensors", "net.yaml"]


def test_an_error_of_our_own_is_not_hidden(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("spec.load", broken)
    code, out, err = run(capsys, "check", "net.yaml")
    assert (code, out) == (70, "")
    assert "RuntimeError: a defect" in err
