"""Quietness: no progress and no warnings."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator

from pipelines.progress import VARIABLE


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Show no progress and no warnings for the block, nor in processes that begin in it."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "off"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
