"""Reads modules of PyTorch, by `torch.export`."""

from graphgen.importers.torch.module import from_torch

__all__ = ["from_torch"]
