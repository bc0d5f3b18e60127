"""The network whose changes the tests of `graphgen.diff` look for."""

from __future__ import annotations

import spec

TEXT = """
inputs: {image: [1, 8, 8]}
layers:
  - conv2d: {out_channels: 4, kernel_size: 3, name: a}
  - batch_norm: {name: n}
  - relu: {name: r}
  - conv2d: {out_channels: 6, kernel_size: 3, name: b}
  - relu: {name: s}
  - adaptive_avg_pool2d: {output_size: 1, name: pool}
  - flatten: {name: f}
  - linear: {out_features: 8, name: h}
  - tanh: {name: t}
  - linear: {out_features: 3, name: head}
"""
NET = spec.loads(TEXT)
