"""The names of the tasks, for what needs no more of them."""

from __future__ import annotations

DEFAULT = "regression"
NAMES = (DEFAULT, "classification", "editing", "embedding")
EXAMPLES = "examples.safetensors"
"""The file of what a task has to show of some networks."""
