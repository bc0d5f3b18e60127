"""Failures of `gmn`: which are told in one line, with which exit code, and which are defects."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import pytest

import pipelines
from graphgen.errors import GraphError
from metanet.errors import MetanetError
from pipelines.cli import gmn, main
from pipelines.commands.exits import DEFECT, MISSING, MISTAKE
from pipelines.commands.failures import ERRORS, message_of, mistakes
from pipelines.errors import PipelineError
from spec.errors import Problem, SpecError

ROOT = str(Path(pipelines.__file__).parents[1])
NET = "inputs: {x: [4]}\nlayers: [{linear: {out_features: 3}}]\n"


class AnothersError(Exception):
    """Of another package, though its name is like that of ours."""


AnothersError.__name__ = "PipelineError"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    return tmp_path


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run `gmn`: the exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


TOLD = {
    "a mistake in a description": SpecError([Problem("wrong", None)]),
    "a mistake in weights": GraphError("wrong"),
    "a mistake in a batch": MetanetError("wrong"),
    "a mistake in a stage": PipelineError("wrong"),
    "a missing library": ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"),
    "a broken library": ImportError("libcuda.so: not found", name="torch"),
    "a library's missing library": ModuleNotFoundError("No module named 'fsspec'", name="fsspec"),
    "a missing file": FileNotFoundError(2, "No such file or directory", "net.yaml"),
    "a full disk": OSError(28, "No space left on device"),
    "too little memory": MemoryError(),
    "too deep a file": RecursionError("maximum recursion depth exceeded"),
    "bytes that are no text": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    "a file that ends too early": EOFError(),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_is_told_in_one_line(
    case: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise TOLD[case]

    monkeypatch.setattr("spec.load", fail)
    code, out, err = ended(capsys, "check", "net.yaml")
    assert (code, out) == (MISSING if isinstance(TOLD[case], ImportError) else MISTAKE, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    if isinstance(TOLD[case], OSError | MemoryError | RecursionError | UnicodeError | EOFError):
        assert "net.yaml" in err


@pytest.mark.parametrize(
    "defect",
    [
        RuntimeError("a defect"),
        KeyError("a defect"),
        AnothersError("a defect"),
        ModuleNotFoundError("No module named 'pipelines.nowhere'", name="pipelines.nowhere"),
        ImportError("cannot import name 'x' from 'graphgen'", name="graphgen"),
    ],
    ids=repr,
)
def test_a_defect_is_not_told_as_a_mistake(
    defect: Exception,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise defect

    assert message_of(defect) is None
    monkeypatch.setattr("spec.load", fail)
    code, out, err = ended(capsys, "check", "net.yaml")
    assert (code, out) == (DEFECT, "")
    assert "Traceback" in err
    assert "a defect of gmn" in err


def test_the_errors_of_all_packages_are_mistakes() -> None:
    assert set(mistakes()) == {SpecError, GraphError, MetanetError, PipelineError}
    assert {name.partition(".")[0] for name in ERRORS} == {
        "spec", "graphgen", "metanet", "pipelines"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stop", "code", "word"),
    [(KeyboardInterrupt, 130, "stopped\n"), (click.Abort, 130, "stopped\n")],
)
def test_ctrl_c(
    stop: type[BaseException],
    code: int,
    word: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise stop

    monkeypatch.setattr("spec.load", fail)
    assert ended(capsys, "check", "net.yaml") == (code, "", word)


SLOW = """
import sys, time
import spec
from pipelines.cli import main

def slow(*_, **__):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("tidied", flush=True)

spec.load = slow
main(["check", "net.yaml"])
"""


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "stopped\n"), (signal.SIGTERM, 143, "terminated\n")],
)
def test_signals(number: int, code: int, word: str, folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        # A background job of a script ignores interrupts, and so would what it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, "tidied\n", word)


@pytest.mark.parametrize("options", [[], ["--resolved"], ["--help"]])
def test_a_closed_pipe_is_quiet(options: list[str], folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = "import sys; from pipelines.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", run, "check", "net.yaml", *options],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        timeout=60,
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 141


def test_names_that_are_no_text(folder: Path) -> None:
    name = b"net-\xff.yaml"
    with open(os.path.join(os.fsencode(folder), name), "wb") as file:
        file.write(NET.encode())
    run = "import sys; from pipelines.cli import main; main(sys.argv[1:])"
    for given, code in ((name, 0), (b"none-\xff.yaml", 2)):
        for locale in ("C.UTF-8", "C"):
            done = subprocess.run(
                [sys.executable, "-c", run, "check", given],
                capture_output=True,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": ROOT, "LC_ALL": locale},
                timeout=60,
            )
            assert done.returncode == code, done.stderr
            assert b"Traceback" not in done.stderr


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (make_pipe, "a pipe or a device"),
    "a folder": (
        Path.mkdir,
        "a folder without a config.json; expected the YAML file",
    ),
    "a loop of links": (lambda path: path.symlink_to(path), "symbolic links"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_paths_that_are_no_files(
    kind: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, words = KINDS[kind]
    make(folder / "it.yaml")
    begun = time.perf_counter()
    code, _, err = ended(capsys, "check", "it.yaml")
    assert time.perf_counter() - begun < 5
    assert code == 2
    assert "it.yaml" in err
    assert words in err


def test_every_path_that_a_command_reads_is_declared_as_one() -> None:
    """A parameter of a bare path is one that is written."""
    written = {
        *("folder", "log", "names_file", "out", "page", "report", "scores"),
        *("weights_out", "write_recipe"),
    }
    for command in gmn.commands.values():
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):
                place = command.name, parameter.name
                assert parameter.name in written or place == ("import", "weights"), place


@pytest.mark.filterwarnings("default")
def test_warnings_name_the_users_place_and_not_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = tmp_path / "net.yaml"
    net.write_text("vars: {depth: 3}\ninputs: {x: [3]}\nlayers: [relu]\n")
    main(["check", str(net)])
    err = capsys.readouterr().err
    assert err.startswith(f"Warning: {net}:1:8: the variable 'depth' is not used")
    assert ".py" not in err
