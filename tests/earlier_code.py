"""Let a module that was changed, and changes no number by that, count as it was.

    python tests/earlier_code.py spec.load --since main "a name is looked up where no file is"

Finished zoos then stay what they are: their identity is that of the code before.
"""

from __future__ import annotations

import argparse
import json
import subprocess

from pipelines.provenance import (
    EARLIER,
    earlier_code,
    identity_of,
    read_source,
    read_text,
    source_file,
)

ROOT = EARLIER.parents[1]


def count_as_before(module: str, since: str, why: str) -> None:
    """Note that a module counts as it did at a commit; what it counts as already stays."""
    path = source_file(module)
    entries = dict(earlier_code())
    if module in entries:
        was = entries[module]["was"]
    else:
        name = f"{since}:{path.relative_to(ROOT)}"
        text = subprocess.run(
            ["git", "show", name], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        was = read_text(text)[1]
    now = identity_of(read_source(path)[1])
    entries[module] = {"why": why or entries[module]["why"], "now": now, "was": was}
    EARLIER.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("why", nargs="?", default="")
    parser.add_argument("--since", default="main")
    given = parser.parse_args()
    count_as_before(given.module, given.since, given.why)
