"""What a network is made of, in the words in which it is said why one is unlike others."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from spec import Architecture

PLAIN = {
    "identity", "dropout", "flatten", "unflatten", "reshape", "permute", "transpose", "squeeze",
    "unsqueeze", "constant",
}  # fmt: skip
"""Layers that change no number, or only in training."""
ACTIVATIONS = {
    "relu", "relu6", "gelu", "silu", "tanh", "sigmoid", "elu", "selu", "celu", "leaky_relu",
    "prelu", "mish", "softplus", "hardswish", "hardsigmoid", "hardtanh", "quick_gelu",
}  # fmt: skip
NORMS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
SAME = {
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"), "mean"),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), "mean"),
    **dict.fromkeys(("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"), "max"),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "max_pool3d", "amax"), "max"),
    "bias": "add",
}
"""Layers that do the same as others to what a network is made of."""


@dataclass(frozen=True)
class Anatomy:
    """The layers and sizes of a network, without its weights.

        Anatomy.of(net).made_of                  # ("conv2d", "linear", "mean")

    Attributes:
        layers: the types of its layers, but those that change no number.
        made_of: those of them that mix numbers, in alphabetic order; pooling is mean or max.
        inputs: the shape of each input, `()` of indices into a table.
        outputs: the shape of each output.
        depth: the number of tensors of two axes or more.
        width: the most rows that one of them has.
        parameters: the number of parameters.
    """

    layers: tuple[str, ...]
    made_of: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    depth: int
    width: int
    parameters: int

    @classmethod
    def of(cls, net: Architecture) -> Anatomy:
        """Look at an architecture."""
        layers = {layer.type for layer in net.layers} - PLAIN
        mixing = {SAME.get(name, name) for name in layers - ACTIVATIONS - NORMS}
        shapes = [shape for shape in net.parameters.values() if len(shape) > 1]
        return cls(
            layers=tuple(sorted(layers)),
            made_of=tuple(sorted(mixing)),
            inputs=tuple(
                ("indices " if name in net.index_inputs else "") + by(shape)
                for name, shape in net.inputs.items()
            ),
            outputs=tuple(by(shape) for shape in net.output_shapes),
            depth=len(shapes),
            width=max((shape[0] for shape in shapes), default=0),
            parameters=sum(prod(shape) for shape in net.parameters.values()),
        )

    @property
    def classes(self) -> int:
        """The number of classes, of a network whose only output has one axis; else 0."""
        return int(self.outputs[0]) if len(self.outputs) == 1 and self.outputs[0].isdigit() else 0

    @property
    def kind(self) -> str:
        """What it is made of and what it reads, in words."""
        return f"{listed(self.made_of)} over {listed(self.inputs)}"


def by(shape: tuple[int, ...]) -> str:
    """Write a shape as people do: 1 x 28 x 28."""
    return " x ".join(map(str, shape)) or "one number"


def listed(words: tuple[str, ...]) -> str:
    """List words, the last after an "and"."""
    if len(words) < 2:
        return words[0] if words else "nothing"
    return f"{', '.join(words[:-1])} and {words[-1]}"
