"""`gmn check --inputs --outputs`: exit code 0, 1 for a difference, 2 for a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphgen
import spec
from graphgen.files import write_weights
from graphgen.testing import random_inputs, random_weights
from pipelines.cli import main

ONE = "inputs: {x: [4]}\nlayers: [linear: {out_features: 3}, gelu, linear: {out_features: 2}]\n"
TWO = """
inputs: [{left: [3]}, {right: [4]}]
layers:
- linear: {name: a, inputs: left, out_features: 2}
- linear: {name: b, inputs: right, out_features: 2}
- multiply: {name: product, inputs: [a, b]}
outputs: [a, product]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("one", ONE), ("two", TWO)):
        Path(f"{name}.yaml").write_text(text)
        net, rng = spec.loads(text), np.random.default_rng(0)
        weights = random_weights(net, rng, np.float32)
        write_weights(f"{name}.safetensors", weights)
        inputs = random_inputs(net, rng, dtype=np.float32)
        results = graphgen.evaluate(net, weights, *inputs)
        outputs = results if isinstance(results, tuple) else (results,)
        for kind, names, arrays in (("x", net.inputs, inputs), ("y", net.outputs, outputs)):
            for i, array in enumerate(arrays):
                np.save(f"{name}-{kind}{i}.npy", array)
            np.savez(f"{name}-{kind}.npz", *arrays)
            named: dict[str, Any] = dict(zip(names, arrays, strict=True))
            np.savez(f"{name}-{kind}-named.npz", **dict(reversed(named.items())))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(["check", *arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def given(name: str, kind: str, form: str) -> list[str]:
    option = "--inputs" if kind == "x" else "--outputs"
    if form != "npy":
        return [option, f"{name}-{kind}{form}"]
    return [
        part for path in sorted(Path().glob(f"{name}-{kind}?.npy")) for part in (option, str(path))
    ]


FORMS = ["npy", ".npz", "-named.npz"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("inputs", FORMS)
@pytest.mark.parametrize("outputs", FORMS)
def test_a_network_is_compared_with_files(
    name: str, inputs: str, outputs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = (*given(name, "x", inputs), *given(name, "y", outputs))
    code, out, err = run(capsys, f"{name}.yaml", f"{name}.safetensors", *files)
    assert (code, err) == (0, "")
    lines = out[out.index("fits, ") :].splitlines()[1:]
    assert len(lines) == (2 if name == "one" else 3)
    assert all(line.endswith("agrees") for line in lines[1:])
    Path("other.yaml").write_text(
        (ONE if name == "one" else TWO).replace("gelu", "silu").replace("multiply", "subtract")
    )
    code, out, err = run(capsys, "other.yaml", f"{name}.safetensors", *files)
    assert (code, err) == (1, "")
    assert out.count("DIFFERS") == 1
    assert "of its spread (up to 0.0001 is rounding): the largest difference" in out
    assert ("with `gelu` instead in its silu layer it agrees" in out) == (name == "one")


@pytest.mark.usefixtures("folder")
def test_the_tolerance_is_that_of_the_dtype_or_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("one.yaml", "one.safetensors", "--inputs", "one-x0.npy", "--outputs")
    np.save("wide.npy", np.load("one-y0.npy").astype(np.float64))
    code, out, _ = run(capsys, *command, "wide.npy")
    assert code == 1
    assert "no more than float32 rounds" in out
    assert run(capsys, *command, "wide.npy", "--tolerance", "1e-5")[0] == 0
    assert run(capsys, *command, "one-y0.npy", "--tolerance", "1e-12")[0] == 1
    assert run(capsys, *command, "one-y0.npy", "--tolerance", "2")[0] == 2
    np.save("half.npy", np.load("one-y0.npy").astype(np.float16))
    code, out, _ = run(capsys, *command, "half.npy")
    assert (code, "0.01" in out) == (0, True)


@pytest.mark.usefixtures("folder")
def test_nan_is_never_equal(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("x", "y"):
        np.save(f"{name}-nan.npy", np.load(f"one-{name}0.npy") * np.nan)
    for x in ("one-x0.npy", "x-nan.npy"):
        code, out, _ = run(
            capsys, "one.yaml", "one.safetensors", "--inputs", x, "--outputs", "y-nan.npy"
        )
        assert code == 1
        assert "NOT COMPARED" in out
        assert "values" in out


def wrong_files() -> None:
    x = np.load("one-x0.npy")
    np.save("sample.npy", x[0])
    np.save("fewer.npy", np.load("one-y0.npy")[:2])
    np.save("flat.npy", np.load("one-y0.npy")[0])
    np.save("objects.npy", np.array([None, 1]), allow_pickle=True)
    np.save("texts.npy", np.array(["a", "b"]))
    np.savez("others.npz", z=x)
    np.savez("both.npz", a=x, b=x)
    data = Path("one-x0.npy").read_bytes()
    Path("short.npy").write_bytes(data[:-4])
    Path("long.npy").write_bytes(data + b"\0")
    Path("huge.npy").write_bytes(data.replace(b"(3, 4)", b"(3, 4444444444444)"))
    Path("text.npy").write_text("not an array")
    Path("empty.npy").write_bytes(b"")
    Path("cut.npz").write_bytes(Path("one-x.npz").read_bytes()[:-30])


Y = "one-y0.npy"
WRONG = {
    "no batch axis": ("sample.npy", Y, r"input 'x': expected [N, 4], got [4]; the batch axis is"),
    "another number of samples": (
        "one-x0.npy",
        "fewer.npy",
        "the first axis is the batch: 3 inputs",
    ),
    "an output without batch": ("one-x0.npy", "flat.npy", "the batch axis is missing in front"),
    "another network's": ("two-x0.npy", Y, "expected [N, 4], got [3, 3]"),
    "objects": ("objects.npy", Y, "arrays of objects hold pickles"),
    "texts": ("texts.npy", Y, "expected numbers"),
    "one of another name": ("others.npz", Y, None),
    "two for one": ("both.npz", Y, "has a, b; expected an array for each of the inputs x"),
    "a short file": ("short.npy", Y, "found 44 bytes after the header, expected 48"),
    "a long file": ("long.npy", Y, "found 49 bytes after the header, expected 48"),
    "a huge shape": ("huge.npy", Y, "cannot be read as .npy"),
    "text": ("text.npy", Y, "text.npy: cannot be read as .npy"),
    "an empty file": ("empty.npy", Y, "empty.npy: cannot be read as .npy"),
    "a cut archive": ("cut.npz", Y, "cut.npz: cannot be read as .npz"),
    "weights": ("one.safetensors", Y, "cannot be read as .npy"),
    "nothing": ("missing.npy", Y, "missing.npy: cannot be read (No such file or directory)"),
    "a folder": (".", Y, "is a folder; expected a .npy or .npz file"),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_compared_is_said(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong_files()
    x, y, words = WRONG[kind]
    code, out, err = run(capsys, "one.yaml", "one.safetensors", "--inputs", x, "--outputs", y)
    if words is None:  # a single array needs no name
        assert (code, err) == (0, "")
        return
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert "agrees" not in out


@pytest.mark.usefixtures("folder")
def test_inputs_and_outputs_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (("one.yaml", "one.safetensors", "--inputs", "one-x0.npy"), "go together"),
        (("one.yaml", "one.safetensors", "--outputs", Y), "go together"),
        (("one.yaml", "--inputs", "one-x0.npy", "--outputs", Y), "--inputs needs WEIGHTS"),
        (("two.yaml", "two.safetensors", "--inputs", "two-x0.npy", "--outputs", "two-y0.npy"),
         "expected an array for each of the inputs left, right"),
        (("two.yaml", "two.safetensors", "--inputs", "two-x.npz", "--outputs", "two-y0.npy"),
         "--outputs has 1 outputs"),
    ):  # fmt: skip
        code, _, err = run(capsys, *arguments)
        assert code == 2
        assert words in err
