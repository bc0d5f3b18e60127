"""Assertions about metanets and editors, for users' own models as much as for ours.

Each raises `AssertionError` with the measured number, and returns that number where it holds.
"""

from metanet.testing.editors import (
    assert_editor_batch_independent,
    assert_editor_equivariant,
    assert_editor_keeps_buffers,
)
from metanet.testing.predictions import (
    assert_backends_agree,
    assert_batch_independent,
    assert_deterministic,
    assert_invariant,
    predict,
)

assert_equivariant = assert_editor_equivariant
"""The same, by its first name."""

__all__ = [
    "assert_backends_agree", "assert_batch_independent", "assert_deterministic",
    "assert_editor_batch_independent", "assert_editor_equivariant", "assert_editor_keeps_buffers",
    "assert_equivariant", "assert_invariant", "predict",
]  # fmt: skip
