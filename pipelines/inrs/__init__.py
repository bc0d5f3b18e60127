"""Implicit neural representations (INRs): zoos of networks that each encode one signal.

The settings are a YAML file, or its section `inrs`:

    inrs:
      signals: {name: mnist, train: 9000, test: 1000}   # and the options of these signals
      seed: 0
      copies: 1                          # INRs of each signal, from different initial weights
      same_initial_weights: false        # whether INRs of different signals begin alike
      architecture: {family: siren, file: siren.yaml, variables: {width: 32, depth: 1}}
      convention: standard               # or offset: biases begin at 0, outputs have 0.5 added
      fit: {steps: 100, learning_rate: 1e-2, schedule: linear, points_per_step: null}
      together: 32                       # networks in one optimisation
      networks_per_shard: 1024

The zoo has the form of every zoo: `pipelines.zoo.open_zoo` and `read_networks` read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.inrs.generate import generate
else:
    lazily(__name__)

__all__ = ["generate"]
