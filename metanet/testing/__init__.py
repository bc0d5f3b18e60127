"""Assertions about metanets and editors, for users' own models as much as for ours.

Each raises `AssertionError` with the measured number, and returns that number where it holds.
`audit` asserts nothing: it reports what a model keeps, breaks and cannot tell apart.
"""

from metanet.testing.audit import Audit, Collision, Kept, audit
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
    "Audit", "Collision", "Kept",
    "assert_backends_agree", "assert_batch_independent", "assert_deterministic",
    "assert_editor_batch_independent", "assert_editor_equivariant", "assert_editor_keeps_buffers",
    "assert_equivariant", "assert_invariant", "audit", "predict",
]  # fmt: skip
