"""The layers that people write, one file each; importing this package registers them all."""

from spec.layers import (
    activation,
    add,
    batch_norm,
    conv1d,
    conv2d,
    dropout,
    flatten,
    group_norm,
    identity,
    layer_norm,
    linear,
    pooling,
)

__all__ = [
    "activation",
    "add",
    "batch_norm",
    "conv1d",
    "conv2d",
    "dropout",
    "flatten",
    "group_norm",
    "identity",
    "layer_norm",
    "linear",
    "pooling",
]
