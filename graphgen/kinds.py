"""The words of a template; a word keeps its place in its tuple, and new ones come last."""

from __future__ import annotations

from spec.functions import BUILT_IN

NODE_KINDS = (
    "input", "neuron", "hub", "bias", "scale", "mean", "variance", "slope", "learned",
    "constant", "sum", "product", "max", "mean_square", "log_sum_exp", "normalise", "softmax",
    "prelu", "masked", "coefficient", "where", "kthvalue",
)  # fmt: skip
EDGE_KINDS = (
    "linear", "window1d", "window2d", "bias", "scale", "mean", "variance", "identity", "hub",
    "window3d", "slope", "learned", "table", "operand", "sum", "max", "place", "gate", "recurrent",
    "rotary", "sinusoid", "log_sum_exp", "spread", "choice", "logsumexp",
    "fixed", "kthvalue", "initial", "memory",
)  # fmt: skip
STEP_KINDS = (
    "input", "bias", "scale", "add", "batch_norm", "layer_norm", "group_norm", "max_pool",
    "mean_pool", "prelu", "band_mask", "softmax", "rms_norm", "instance_norm", "multiply",
    "product", "mean", "max", "sum", "resample", "slice", "concat", "grid_lookup", "hash_lookup",
    "lstm", "gru", "rnn_tanh", "rnn_relu", "rotary", "sinusoid", "one_hot", "output", "take",
    "maximum", "where", "logsumexp", "fixed", "recurrence", "kthvalue", *BUILT_IN,
)  # fmt: skip
"""The functions of `spec.functions` among them; a function from outside has no column of its own,
and is told apart by the fingerprint."""
ROLES = ("group", "out", "in", "tap", "position", "unit", "place")
COORDINATES = ("tap", "position", "place")
"""The roles of axes along which edges are told apart by a coordinate."""
