"""The rule that every command keeps, whatever it reads: an end, a message, and nothing else.

It ends with 0 or 2, within bounds of time and memory; with 2 it says on stderr which file or
option is at fault; a failure leaves nothing in the place of its output; inputs stay as they are;
nothing is read outside of what was given.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.limits import TookTooLongError, bounded

import pipelines.cli

SECONDS, MORE_BYTES = 5.0, 1 << 30
ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"--[a-z]|[\w-]\.(ya?ml|json|safetensors|npz|npy|pt2|onnx|journal|csv|md)\b")
# The interpreter, what is installed and what the system tells.
SYSTEM = (sys.prefix, sys.base_prefix, str(ROOT), "/proc", "/sys", "/dev", "/usr", "/etc", "/lib")
_opened: list[str] | None = None


@dataclass
class Outcome:
    """What a command did.

    Attributes:
        code: its exit code; None where it did not end by itself.
        error: what it said on stderr.
        broken: the ways in which it broke the rule, in words.
    """

    code: int | None
    output: str
    error: str
    broken: list[str] = field(default_factory=list)


def run(
    arguments: Sequence[str],
    given: Sequence[Path],
    place: Path | None = None,
    resumes: bool = False,
    main: Callable[[Sequence[str]], Any] = pipelines.cli.main,
    seconds: float = SECONDS,
    more_bytes: int = MORE_BYTES,
) -> Outcome:
    """Run a `gmn` command line in this process, and hold it to the rule.

        run(["card", "zoo", "--out", "card.md"], given=[Path("zoo")], place=Path("card.md")).broken

    Args:
        arguments: the command line.
        given: the files and folders that it may read, and may not change.
        place: where it may write.
        resumes: whether it takes up unfinished work, of which a failure leaves what is whole.
        main: what runs the command line.
        seconds, more_bytes: the bounds; bytes are those beyond what is in use.
    """
    before = {path: snapshot(path) for path in given if path != place}
    earlier = snapshot(place) if place else {}
    code, words = None, ""
    out, err = io.StringIO(), io.StringIO()
    with watched() as opened:
        try:
            with (
                warnings.catch_warnings(),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                bounded(seconds, more_bytes),
            ):
                warnings.simplefilter("ignore")
                main(list(arguments))
                code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except TookTooLongError:
            words = f"it took more than {seconds} s"
        except BaseException as error:
            words = f"traceback: {''.join(traceback.format_exception(error)[-6:])}"
    outcome = Outcome(code, out.getvalue(), err.getvalue(), [words] if words else [])
    outcome.broken += message_faults(outcome, [*given, *([place] if place else [])])
    for path, was in before.items():
        if snapshot(path) != was:
            outcome.broken.append(f"it changed what it was given, {path}")
    if place and code != 0:
        outcome.broken += leftovers(place, earlier, resumes)
    allowed = [
        *map(str, SYSTEM),
        str(Path.home() / ".cache" / "graph-metanetworks"),  # data sets, which settings may name
        *(os.path.realpath(p) for p in (*given, *([place] * bool(place)))),
    ]
    allowed += [os.path.realpath(place.parent)] if place and not place.is_dir() else []
    outcome.broken += [f"it opened {path}" for path in opened if not inside(path, allowed)]
    return outcome


def message_faults(outcome: Outcome, paths: Sequence[Path]) -> list[str]:
    """Say what is wrong with how a command ended, and with what it said."""
    faults = []
    if outcome.code is not None and outcome.code not in (0, 2):
        faults.append(f"exit code {outcome.code}")
    if "Traceback" in outcome.error:
        faults.append("it shows a traceback")
    if "more memory is needed" in outcome.error or "Cannot allocate" in outcome.error:
        faults.append("it asked for more memory than there may be")
    if outcome.code == 2:
        named = NAMED.search(outcome.error) or any(str(path) in outcome.error for path in paths)
        if not outcome.error.strip():
            faults.append("it says nothing")
        elif not named:
            faults.append(f"it names neither file nor option: {outcome.error}")
    return faults


def leftovers(place: Path, earlier: dict[str, Any], resumes: bool) -> list[str]:
    """Say what a failure left in the place of an output."""
    now = snapshot(place)
    if not resumes:
        return [f"it left {place} changed"] if now != earlier else []
    new = [name for name in now if name not in earlier]
    hidden = [name for name in new if Path(name).name.startswith(".")]
    return [f"it left {', '.join(hidden)} in {place}"] if hidden else []


def snapshot(path: Path) -> dict[str, Any]:
    """Describe a file or a folder by what is in it, without following links."""
    found: dict[str, Any] = {}
    entries = [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    for entry in entries:
        name = str(entry.relative_to(path))
        if entry.is_symlink():
            found[name] = ("link", os.readlink(entry))
        elif entry.is_file():
            found[name] = ("file", digest(entry))
        elif entry.exists():
            found[name] = ("folder" if entry.is_dir() else "other",)
    return found


def digest(path: Path) -> Any:
    """Give what a file holds; of one too large to be read, its size and its time."""
    size = path.stat().st_size
    return path.read_bytes() if size < 1 << 24 else (size, path.stat().st_mtime_ns)


def inside(path: str, allowed: Sequence[str]) -> bool:
    """Say whether a path lies in one of the places."""
    return any(path == place or path.startswith(f"{place}/") for place in allowed)


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """Give a list that what is opened meanwhile is put into, by where it really is."""
    global _opened
    _opened = found = []
    try:
        yield found
    finally:
        _opened = None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is None or event not in ("open", "os.listdir", "os.scandir", "mmap.__new__"):
        return
    path = arguments[0] if arguments else None
    if isinstance(path, str | bytes | os.PathLike):
        name = os.fsdecode(path)
        flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
        # What is opened without following a link is where its name says.
        above = os.path.dirname(name) if flags & os.O_NOFOLLOW else name
        _opened.append(os.path.realpath(above))


# A hook cannot be taken away again; this one does nothing unless somebody watches.
sys.addaudithook(_note)
