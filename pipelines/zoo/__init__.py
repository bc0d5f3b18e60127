"""Zoos: populations of networks, trained for real by a recipe with ranges.

The settings are a YAML file, or its section `zoo`:

    zoo:
      dataset: digits                 # one of pipelines.datasets.NAMES
      count: 900                      # networks
      seed: 0
      networks_per_shard: 64
      train_samples: null             # use only the first n images of the data set
      test_samples: null
      architectures:                  # a network draws one entry, by weight
        - family: mlp
          file: architectures/mlp.yaml        # from the folder of this file
          weight: 1
          variables: {width: {choice: [8, 16]}, depth: {integers: [1, 3]}}
      training:
        optimizer: {choice: [adam, sgd]}      # default: adam
        learning_rate: {log_uniform: [1e-4, 1e-1]}
        momentum: 0.9                         # of sgd
        weight_decay: 0
        label_smoothing: {uniform: [0, 0.2]}  # default: 0
        epochs: {integers: [2, 12]}
        batch_size: 64
        train_fraction: {uniform: [0.1, 1]}   # default: 1, all training images
        schedule: {choice: [constant, cosine]}   # default: constant

Every variable of an architecture and every entry of `training` is a constant or a range: `choice`
of a list, `uniform` or `log_uniform` between two numbers, `integers` from one to another, both
included. All but `dataset`, `count`, `architectures`, `learning_rate` and `epochs` may be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.zoo.generate import generate
    from pipelines.zoo.reading import open_zoo, read_networks
else:
    lazily(__name__)

__all__ = ["generate", "open_zoo", "read_networks"]
