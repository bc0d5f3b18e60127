"""The words of a template; a word keeps its place in its tuple, and new ones come last."""

from __future__ import annotations

NODE_KINDS = (
    "input", "neuron", "hub", "bias", "scale", "mean", "variance", "slope", "learned",
    "constant", "sum", "product", "max", "mean_square", "log_sum_exp", "normalise", "softmax",
    "prelu", "masked", "coefficient",
)  # fmt: skip
EDGE_KINDS = (
    "linear", "window1d", "window2d", "bias", "scale", "mean", "variance", "identity", "hub",
    "window3d", "slope", "learned", "table", "operand", "sum", "max", "place", "gate", "recurrent",
    "rotary", "sinusoid", "log_sum_exp", "spread",
)  # fmt: skip
STEP_KINDS = (
    "input", "bias", "scale", "add", "batch_norm", "layer_norm", "group_norm", "max_pool",
    "mean_pool", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "sigmoid",
    "tanh", "softplus", "softsign", "hardtanh", "hardsigmoid", "hardswish",
    "prelu", "sine", "cosine", "scale_by", "causal_mask", "softmax", "rms_norm", "instance_norm",
    "multiply", "product", "mean", "max", "sum", "resample", "slice", "concat", "grid_lookup",
    "hash_lookup", "lstm", "gru", "rnn_tanh", "rnn_relu", "rotary", "sinusoid",
    "one_hot", "output",
)  # fmt: skip
ROLES = ("group", "out", "in", "tap", "position", "unit", "place")
COORDINATES = ("tap", "position", "place")
"""The roles of axes along which edges are told apart by a coordinate."""
