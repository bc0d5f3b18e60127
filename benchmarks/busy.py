"""How busy a command keeps the cores of this machine, over its whole tree of processes.

    python benchmarks/busy.py make run
    python benchmarks/busy.py gmn zoo params.yaml --out out/zoo

Prints, in all and by and by, the share of the cores' time that the command had, the share that it
wanted (its threads that are ready to run, at most one for each core), and the share that was idle.
Where others use the machine, `wanted` says what `command` would be without them. Read from /proc,
so on Linux.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SECONDS = 0.1
ROWS = 20


class Tree:
    """The processes that descend from one, those too that lost their parents since.

    Attributes:
        used: the processor seconds of each, last seen, by its number and the time of its start.
        wanting: the threads that were ready to run at the last look.
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self.used: dict[tuple[int, int], float] = {}
        self.wanting = 0

    def look(self) -> float:
        """Read the processor seconds of all processes of the tree so far."""
        found: dict[int, tuple[int, int, float]] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    text = (folder / "stat").read_text()
                except OSError:  # it has ended
                    continue
                fields = text.rpartition(")")[2].split()
                seconds = (int(fields[11]) + int(fields[12])) / TICK
                found[int(folder.name)] = int(fields[1]), int(fields[19]), seconds
        self.wanting = 0
        for pid, (_, started, seconds) in found.items():
            if self._belongs(pid, found):
                self.used[pid, started] = seconds
                self.wanting += ready(pid)
        return sum(self.used.values())

    def _belongs(self, pid: int, found: dict[int, tuple[int, int, float]]) -> bool:
        while pid in found:
            parent, started, _ = found[pid]
            if pid == self.root or (pid, started) in self.used:
                return True
            pid = parent
        return False


def ready(pid: int) -> int:
    """Count the threads of a process that run or would."""
    count = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            count += (task / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    except OSError:  # it has ended
        pass
    return count


def machine() -> tuple[float, float]:
    """Read the seconds that all cores were at work, and those that they were idle."""
    line = Path("/proc/stat").read_text().split("\n", 1)[0]
    numbers = [int(number) for number in line.split()[1:]]
    idle = numbers[3] + numbers[4]
    return (sum(numbers[:8]) - idle) / TICK, idle / TICK


@dataclass(frozen=True)
class Look:
    """What was seen at a time: all in seconds since the beginning, of all cores together."""

    wall: float
    own: float
    wanted: float
    work: float
    idle: float


def watch(command: list[str]) -> tuple[int, list[Look]]:
    """Run a command; give its exit status, and what was seen at each look."""
    begun, (work, idle) = time.monotonic(), machine()
    process = subprocess.Popen(command)
    tree, cores = Tree(process.pid), len(os.sched_getaffinity(0))
    looks = [Look(0.0, 0.0, 0.0, 0.0, 0.0)]
    while True:
        code = process.poll()
        own, wall, now = tree.look(), time.monotonic() - begun, machine()
        wanted = looks[-1].wanted + min(tree.wanting, cores) * (wall - looks[-1].wall)
        looks.append(Look(wall, own, wanted, now[0] - work, now[1] - idle))
        if code is not None:
            return code, looks
        time.sleep(SECONDS)


def shares(first: Look, last: Look) -> tuple[float, float, float]:
    """Give shares of the cores' time between two looks: had, wanted, and idle."""
    whole = max(last.work + last.idle - first.work - first.idle, 1e-9)
    wall = max(last.wall - first.wall, 1e-9) * len(os.sched_getaffinity(0))
    return (
        (last.own - first.own) / whole,
        (last.wanted - first.wanted) / wall,
        (last.idle - first.idle) / whole,
    )


def main() -> None:
    """Run the command that is given, and print how busy it kept the cores."""
    if len(sys.argv) < 2:
        sys.exit("usage: python benchmarks/busy.py COMMAND...")
    code, looks = watch(sys.argv[1:])
    last = looks[-1]
    print(f"\n{last.own:.1f} s of the time of {os.cpu_count()} cores in {last.wall:.1f} s")
    print(f"{'second':>8} {'command':>8} {'wanted':>8} {'idle':>8}")
    rows = min(ROWS, len(looks) - 1)
    places = [round(i * (len(looks) - 1) / rows) for i in range(rows + 1)]
    for start, stop in [*pairwise(places), (0, len(looks) - 1)]:
        when = "all" if (start, stop) == (0, len(looks) - 1) else f"{looks[stop].wall:.1f}"
        parts = "".join(f"{share:9.0%}" for share in shares(looks[start], looks[stop]))
        print(f"{when:>8}{parts}")
    sys.exit(code)


if __name__ == "__main__":
    main()
