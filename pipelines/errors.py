"""The one error class of `pipelines`."""

from __future__ import annotations


class PipelineError(Exception):
    """A user's mistake or a missing resource; the message says what was expected and what to do."""
