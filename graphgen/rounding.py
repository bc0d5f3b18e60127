"""How far rounding takes results apart: one number for each dtype."""

from __future__ import annotations

TOLERANCE: dict[str, float] = {"float64": 1e-10, "float32": 1e-4}
"""The largest relative error that rounding explains, by dtype."""
