"""Progress: a bar at a terminal, lines elsewhere, nothing where nobody asks for it."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import warnings
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.errors import PipelineError
from pipelines.progress import VARIABLE, Bar, Lines, lasted, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("asked", "terminal", "kind"),
    [
        (None, True, "Bar"), (None, False, "Lines"), ("auto", False, "Lines"),
        ("", True, "Bar"), ("bar", False, "Bar"), ("lines", True, "Lines"),
        ("off", True, "Progress"), ("off", False, "Progress"),
    ],
)  # fmt: skip
def test_how_progress_is_shown(
    asked: str | None, terminal: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delenv(VARIABLE, raising=False)
    if asked is not None:
        monkeypatch.setenv(VARIABLE, asked)
    with progress("zoo", "network", 3) as shown:
        assert type(shown).__name__ == kind
        for _ in range(3):
            shown.update()
    assert shown.done == 3
    assert ("3/3" in stream.getvalue()) == (kind == "Bar")
    assert (stream.getvalue() == "") == (kind != "Bar")


def test_a_way_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "loud")
    with pytest.raises(PipelineError, match="GMN_PROGRESS is 'loud'; expected one of auto, bar"):
        progress("zoo", "network", 3)


def test_lines_come_every_half_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    shown = Lines("zoo", total=100, done=10, clock=lambda: now[0])
    for second in range(1, 70):
        now[0] = float(second)
        shown.update(words="2 runs left" if second > 50 else "")
    assert capsys.readouterr().err == (
        "zoo: 40 of 100, 0:00:30 so far, about 0:01:00 left\n"
        "zoo: 70 of 100, 0:01:00 so far, about 0:00:30 left, 2 runs left\n"
    )
    now[0] = 200.0
    shown.update(100 - shown.done)
    assert capsys.readouterr().err == "", "at the end a command says itself what it made"
    assert lasted(3675) == "1:01:15"


def test_a_bar_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Bar("zoo", "network", 4, 1) as shown:
        shown.update(2, "1 run left")
    assert "3/4" in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()


def test_a_terminal_gets_no_colours() -> None:
    """The help, and a mistake, as they are written to a terminal."""
    for arguments in (["--help"], ["chek"]):
        child, terminal = pty.fork()
        if child == 0:
            os.execv(sys.executable, [sys.executable, "-m", "pipelines", *arguments])
        written = b""
        try:
            while part := os.read(terminal, 4096):
                written += part
        except OSError:  # the child has ended
            pass
        os.waitpid(child, 0)
        assert b"gmn" in written
        assert b"\x1b[" not in written


def test_quiet_leaves_out_progress_and_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    Path("net.yaml").write_text("vars: {depth: 3}\ninputs: {x: [3]}\nlayers: [relu]\n")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        main(["check", "net.yaml"])
        assert "Warning: net.yaml:1:8" in capsys.readouterr().err
        main(["check", "net.yaml", "--quiet"])
        captured = capsys.readouterr()
        assert captured.err == ""
        assert "hash" in captured.out
        main(["check", "net.yaml", "-q", "--json"])
        captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out)["layers"] == 1
    assert VARIABLE not in os.environ


def test_quiet_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "nowhere.yaml", "--quiet", "--json"])
    captured = capsys.readouterr()
    assert "nowhere.yaml" in captured.err
    assert json.loads(captured.out)["error"]["exit_code"] == 2


def test_ctrl_c_and_a_defect_are_documents(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error, code in ((KeyboardInterrupt(), 130), (SystemExit(143), 143), (KeyError("x"), 70)):

        def fail(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("spec.load", fail)
        with pytest.raises(SystemExit) as stop:
            main(["check", "net.yaml", "--json"])
        assert stop.value.code == code
        found = json.loads(capsys.readouterr().out)["error"]
        assert (found["exit_code"], found["class"]) == (code, type(error).__name__)
