"""Starting an experiment: the files that `gmn new` writes, and a place where DVC finds them."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from pipelines.errors import PipelineError

EXPERIMENT = Path(__file__).parent / "experiment"
DVC_SETTINGS = "[core]\n    analytics = false\n    check_update = false\n"
WITHOUT_GIT = "    no_scm = true\n"


def start_experiment(folder: str | os.PathLike[str]) -> Path:
    """Write a small experiment that runs as it is: networks on digits, and metanets that read them.

        start_experiment("demo")         # then: cd demo && dvc repro

    The folder is new or empty, and wholly written or not at all. It becomes a DVC project of its
    own, which shares the git repository around it if there is one. Raises `PipelineError` for a
    folder that holds something, or whose parent is not there.
    """
    target = Path(folder)
    if not target.resolve().parent.is_dir():
        raise PipelineError(
            f"{target}: {target.resolve().parent} is not an existing folder; create it first"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        what = "holds other things" if target.is_dir() else "is a file"
        raise PipelineError(f"{target}: {what}; name a folder that is new or empty")
    new = target.resolve().parent / f".{target.resolve().name[:40]}.new-{secrets.token_hex(4)}"
    try:
        shutil.copytree(EXPERIMENT, new, ignore=shutil.ignore_patterns("__pycache__"))
        (new / "gitignore").rename(new / ".gitignore")
        (new / ".dvc").mkdir()
        scm = "" if is_in_git(target.resolve()) else WITHOUT_GIT
        (new / ".dvc" / "config").write_text(DVC_SETTINGS + scm, encoding="utf-8")
        (new / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
        (new / ".dvcignore").write_text("# Folders that DVC need not walk\n", encoding="utf-8")
        if target.exists():
            target.rmdir()
        new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return target


def is_in_git(folder: Path) -> bool:
    """Say whether a folder lies in a git repository, as DVC finds one."""
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))
