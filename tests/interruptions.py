"""Work that is interrupted at each of its steps on files, one after the other."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

STEPS = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"})
KILLED = 77


class Interrupter:
    """Count the steps of some work, and interrupt one of them; there is one for the process."""

    def __init__(self) -> None:
        self.at = -1
        self.count = 0
        self.action: Callable[[], None] = lambda: None
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.at < 0 or event not in STEPS:
            return
        if event == "open" and not writes(arguments):
            return
        self.count += 1
        if self.count == self.at:
            self.at = -1
            self.action()


def writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_interrupter: list[Interrupter] = []


def run_until(step: int, work: Callable[[], object], action: Callable[[], None]) -> bool:
    """Do the work up to a step, at which the action is taken; say whether it got so far."""
    if not _interrupter:
        _interrupter.append(Interrupter())
    own = _interrupter[0]
    own.at, own.count, own.action = step, 0, action
    try:
        work()
    finally:
        reached, own.at = own.count >= step, -1
    return reached


def kill(step: int, work: Callable[[], object]) -> bool:
    """Let a forked process do the work, and die at a step; say whether it got so far."""
    child = os.fork()
    if child == 0:
        try:
            run_until(step, work, lambda: os._exit(KILLED))
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED), "the work failed by itself"
    return code == KILLED


def failing(number: int) -> Callable[[int, Callable[[], object]], bool]:
    """Make an interruption by an error of the system, such as that of a full disk."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    def interrupt(step: int, work: Callable[[], object]) -> bool:
        try:
            return run_until(step, work, fail)
        except OSError as error:
            if error.errno != number:
                raise
        except Exception as error:
            if os.strerror(number) not in str(error):
                raise
        return True

    return interrupt


def stop(step: int, work: Callable[[], object]) -> bool:
    """Interrupt by Ctrl-C."""

    def press() -> None:
        raise KeyboardInterrupt

    try:
        return run_until(step, work, press)
    except KeyboardInterrupt:
        return True


INTERRUPTIONS = {
    "killed": kill,
    "full": failing(errno.ENOSPC),
    "read_only": failing(errno.EROFS),
    "stopped": stop,
}


def everywhere(
    interrupt: Callable[[int, Callable[[], object]], bool],
    prepare: Callable[[], object],
    work: Callable[[], object],
    check: Callable[[], object],
    most: int = 2000,
) -> int:
    """Interrupt the work at each of its steps; give their number.

    Before each time `prepare` makes what is there before, and after it `check` looks at what is
    there now.
    """
    # What is flushed matters when the power fails, which is not tried here, and takes the time.
    with mock.patch("os.fsync"):
        for step in range(1, most):
            prepare()
            reached = interrupt(step, work)
            check()
            if not reached:
                return step - 1
    raise AssertionError(f"the work has more than {most} steps")
