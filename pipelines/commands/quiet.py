"""Quietness: no progress and no warnings."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator

PROGRESS = "GMN_PROGRESS"
"""Names how progress is shown: see `pipelines.progress`."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Show no progress and no warnings for the block, nor in processes that begin in it."""
    before = os.environ.get(PROGRESS)
    os.environ[PROGRESS] = "off"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if before is None:
            del os.environ[PROGRESS]
        else:
            os.environ[PROGRESS] = before
