"""Generating networks: flows that are learned on INRs, and the networks drawn from them.

The settings are three sections of a YAML file:

    flow:                                # `gmn flow`
      align: none                        # or match: neurons permuted towards one training network
      condition: class                   # a label of the signals, or null
      seeds: [0, 1, 2]
      models:
        gmn: {reference: true, settings: {hidden: 32, layers: 3}, training: {...}}
    sample: {count: 1000, steps: 50, method: heun, seed: 0}                     # `gmn sample`
    quality: {signals: images, grid: [28, 28], components: 32}                  # `gmn quality`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.generation.quality import quality
    from pipelines.generation.sampling import sample
    from pipelines.generation.train import train
else:
    lazily(__name__)

__all__ = ["quality", "sample", "train"]
