"""Runs the blocks of pages in the current folder, with the packages that are installed.

    python tests/run_page.py README.md

What is copied from results, and what sets up a repository, is left out. `release.sh` runs it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path

from page_blocks import Runner, blocks

CLONE = re.compile(r'git clone|pip install "?\.')


def run(page: Path) -> int:
    """Run a page; give how many of its blocks ran."""
    count = 0
    with contextlib.redirect_stdout(io.StringIO()) as printed:

        def taken() -> str:
            text = printed.getvalue()
            printed.seek(0)
            printed.truncate()
            return text

        runner = Runner(taken, in_process=os.name == "nt")  # where `bash` may be another system
        for block in blocks(page):
            if not block.files and not CLONE.match(block.text):
                runner.run(block)
                count += 1
    return count


if __name__ == "__main__":
    import spec

    root = Path(__file__).resolve().parents[1]
    if Path(spec.__file__).is_relative_to(root) and "site-packages" not in spec.__file__:
        raise SystemExit(f"{spec.__file__}: the packages are those of the repository")
    for name in sys.argv[1:]:
        if not (ran := run(Path(name))):
            raise SystemExit(f"{name}: none of its blocks ran")
        print(f"{name}: {ran} blocks ran")
