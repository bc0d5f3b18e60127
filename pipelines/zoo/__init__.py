"""Zoos: populations of networks, trained for real by a recipe with ranges."""

from __future__ import annotations

from pipelines.zoo.generate import generate
from pipelines.zoo.reading import open_zoo, read_networks

__all__ = ["generate", "open_zoo", "read_networks"]
