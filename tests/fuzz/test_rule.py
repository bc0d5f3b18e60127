"""The rule sees each way of breaking it; a command that keeps it is let alone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fuzz.rule import run


def ending(code: int, words: str = "", act: Callable[[], Any] = lambda: None) -> Any:
    """Give a command that acts, says something on stderr, and ends with a code."""

    def main(arguments: Sequence[str]) -> None:
        act()
        sys.stderr.write(words)
        raise SystemExit(code)

    return main


def busy() -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        pass


def greedy() -> None:
    bytearray(1 << 28)


def swallowing() -> None:
    try:
        greedy()
    except MemoryError:
        sys.stderr.write("Error: index.json: more memory is needed than there is\n")


def defect() -> None:
    raise KeyError("sha256")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "index.json").write_text("{}")
    (tmp_path / "secret").write_text("of somebody else")
    return tmp_path


def broken(place: Path, main: Any, **options: Any) -> list[str]:
    given, out = [place / "given"], place / "results" / "out"
    out.parent.mkdir(exist_ok=True)
    return run([], given, out, main=main, more_bytes=1 << 26, **options).broken


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (ending(1, "Error: index.json: no\n"), "exit code 1"),
        (ending(3), "exit code 3"),
        (ending(2), "it says nothing"),
        (ending(2, "Error: wrong\n"), "it names neither file nor option"),
        (ending(2, "Error: index.json\nTraceback (most recent call last)\n"), "shows a traceback"),
        (ending(2, "Error: index.json\n", defect), "KeyError: 'sha256'"),
        (ending(0, "", busy), "it took more than 0.2 s"),
        (ending(0, "", greedy), "MemoryError"),
        (ending(2, "", swallowing), "it asked for more memory"),
    ],
)
def test_an_end_that_breaks_the_rule_is_seen(place: Path, main: Any, words: str) -> None:
    faults = broken(place, main, seconds=0.2)
    assert any(words in fault for fault in faults), faults


def test_what_a_failure_leaves_is_seen(place: Path) -> None:
    error = "Error: index.json: no\n"
    out = place / "results" / "out"
    faults = broken(place, ending(2, error, lambda: out.write_text("half")))
    assert faults == [f"it left {out} changed"]
    out.unlink()
    faults = broken(place, ending(2, error, lambda: out.mkdir()))
    assert faults == [f"it left {out} changed"]
    # Unfinished work is kept, and temporaries are not.
    (out / "shard-00000.journal").write_text("kept")
    write = (out / ".index.tmp-0123.json").write_text
    assert broken(place, ending(2, error, lambda: write("half")), resumes=True) == [
        f"it left .index.tmp-0123.json in {out}"
    ]


@pytest.mark.parametrize("code", [0, 2])
def test_a_changed_input_is_seen(place: Path, code: int) -> None:
    index = place / "given" / "index.json"
    for act in (lambda: index.write_text("[]"), lambda: (place / "given" / "new").mkdir()):
        faults = broken(place, ending(code, "Error: index.json: no\n", act))
        assert faults == [f"it changed what it was given, {place / 'given'}"]


def test_what_is_read_outside_is_seen(place: Path) -> None:
    link, secret = place / "given" / "link", place / "secret"
    link.symlink_to(secret)
    ways: list[Callable[[], Any]] = [
        secret.read_text,
        link.read_text,
        lambda: os.close(os.open(secret, os.O_RDONLY)),
        lambda: os.listdir(place),
        (place / "given" / ".." / "secret").read_text,
        lambda: secret.write_text("overwritten"),
    ]
    for way in ways:
        expected = place if way is ways[3] else secret
        assert broken(place, ending(0, "", way)) == [f"it opened {expected}"]


def test_control_a_command_that_keeps_the_rule_is_let_alone(place: Path) -> None:
    index, out = place / "given" / "index.json", place / "results" / "out"

    def nofollow() -> None:
        (place / "given" / "link").unlink(missing_ok=True)
        with pytest.raises(OSError):
            os.open(place / "given" / "lock", os.O_RDONLY | os.O_NOFOLLOW)

    (place / "given" / "lock").symlink_to(place / "secret")
    for act in (index.read_text, lambda: out.write_text("whole"), nofollow):
        assert broken(place, ending(0, "", act)) == []
    for words in ("Error: index.json: no\n", "Error: give --out\n", f"{place / 'given'}: no\n"):
        assert broken(place, ending(2, words)) == []
