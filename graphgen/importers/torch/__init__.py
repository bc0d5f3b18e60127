"""Reads modules of PyTorch, by `torch.export`, and the files that it writes."""

from graphgen.importers.torch.module import from_torch
from graphgen.importers.torch.program_file import from_program

__all__ = ["from_program", "from_torch"]
