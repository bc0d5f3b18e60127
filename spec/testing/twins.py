"""Near-twins: networks that look alike and compute different functions, as authored YAML."""

from __future__ import annotations

from spec.testing.arithmetic_twins import ARITHMETIC_TWINS
from spec.testing.ranking_twins import RANKING_TWINS

IMAGE = "inputs: {x: [2, 8, 8]}\nlayers:\n  - conv2d: {out_channels: 4, kernel_size: 3}\n"
SERIES = "inputs: {x: [2, 8]}\nlayers:\n  - conv1d: {out_channels: 4, kernel_size: 3}\n"
VECTOR = "inputs: {x: [4]}\nlayers:\n  - linear: {out_features: 4}\n"
HEAD = "  - adaptive_avg_pool2d: {output_size: 1}\n  - flatten\n  - linear: {out_features: 2}\n"
CONV = "  - conv2d: {out_channels: 4, kernel_size: 3, %s}\n"
NORMED = "  - batch_norm: {affine: false%s}\n"


def image(*layers: str) -> str:
    """Put layers between a convolution and a head."""
    return IMAGE + "".join(layers) + HEAD


def flat(*layers: str) -> str:
    """Put layers between a convolution over a series and a linear map."""
    return SERIES + "".join(layers) + "  - linear: {out_features: 2}\n"


def conv(*fields: str) -> str:
    """Put convolutions with these fields between a convolution and a head."""
    return image(*(CONV % field for field in fields))


def rows(*layers: str) -> str:
    """Write a list of layers."""
    return "".join(f"  - {layer}\n" for layer in layers)


TWINS: dict[str, tuple[str, str]] = {
    **ARITHMETIC_TWINS,
    **RANKING_TWINS,
    "stride": (conv("padding: 1"), conv("padding: 1, stride: 2")),
    "stride along one axis": (conv("stride: [1, 2]"), conv("stride: [2, 1]")),
    "padding": (conv("padding: 1"), conv("padding: 0")),
    "padding along one axis": (conv("padding: [1, 0]"), conv("padding: [0, 1]")),
    "dilation": (conv("dilation: 1"), conv("dilation: 2")),
    "groups": (conv("groups: 2"), conv("groups: 4")),
    "order of strides": (
        conv("stride: 1, padding: 1", "stride: 2, padding: 1"),
        conv("stride: 2, padding: 1", "stride: 1, padding: 1"),
    ),
    "activation": (image(rows("relu")), image(rows("gelu"))),
    "no activation": (image(rows("relu")), image()),
    "relu and relu6": (image(rows("relu")), image(rows("relu6"))),
    "negative slope": (
        image(rows("leaky_relu: {negative_slope: 0.1}")),
        image(rows("leaky_relu: {negative_slope: 0.2}")),
    ),
    "alpha": (image(rows("elu: {alpha: 1}")), image(rows("elu: {alpha: 0.5}"))),
    "beta": (image(rows("softplus: {beta: 1}")), image(rows("softplus: {beta: 2}"))),
    "approximation": (
        image(rows("gelu: {approximate: none}")),
        image(rows("gelu: {approximate: tanh}")),
    ),
    "activations in another order": (image(rows("tanh", "silu")), image(rows("silu", "tanh"))),
    "activation in another place": (image("  - relu\n", CONV % "padding: 1"),
                                    image(CONV % "padding: 1", "  - relu\n")),
    "eps": (image(NORMED % ", eps: 0.1"), image(NORMED % ", eps: 0.2")),
    "norm before or after the activation": (
        image(NORMED % "", "  - relu\n"),
        image("  - relu\n", NORMED % ""),
    ),
    "affine norm before or after the activation": (
        image(rows("relu: {name: r}", "batch_norm: {name: n}")),
        image(rows("batch_norm: {name: n}", "relu: {name: r}")),
    ),
    "norm or no norm": (
        image(rows("layer_norm: {normalized_shape: [4, 6, 6], elementwise_affine: false}")),
        image(),
    ),
    "layer and group norm": (
        image(rows("layer_norm: {normalized_shape: [6, 6], elementwise_affine: false}")),
        image(rows("group_norm: {num_groups: 2, affine: false}")),
    ),
    "groups of a norm": (
        image(rows("group_norm: {num_groups: 2}")),
        image(rows("group_norm: {num_groups: 1}")),
    ),
    "axes of a norm": (
        image(rows("layer_norm: {normalized_shape: [6], elementwise_affine: false}", "relu")),
        image(rows("layer_norm: {normalized_shape: [6, 6], elementwise_affine: false}", "relu")),
    ),
    "flatten before or after a norm": (
        flat(rows("layer_norm: {elementwise_affine: false}", "flatten")),
        flat(rows("flatten", "layer_norm: {elementwise_affine: false}")),
    ),
    "flatten space before or after a norm": (
        image(rows("layer_norm: {elementwise_affine: false}", "relu")),
        IMAGE
        + rows("flatten: {start_dim: 2}", "layer_norm: {elementwise_affine: false}", "relu")
        + rows("adaptive_avg_pool1d: {output_size: 1}", "flatten", "linear: {out_features: 2}"),
    ),
    "maximum or mean": (
        image(rows("max_pool2d: {kernel_size: 2}")),
        image(rows("avg_pool2d: {kernel_size: 2}")),
    ),
    "size of a window": (
        image(rows("max_pool2d: {kernel_size: 2, stride: 2}")),
        image(rows("max_pool2d: {kernel_size: 3, stride: 2}")),
    ),
    "stride of a window": (
        image(rows("max_pool2d: {kernel_size: 2, stride: 1}")),
        image(rows("max_pool2d: {kernel_size: 2, stride: 2}")),
    ),
    "padding of a window": (
        image(rows("max_pool2d: {kernel_size: 2, padding: 1}")),
        image(rows("max_pool2d: {kernel_size: 2}")),
    ),
    "padding that counts": (
        image(rows("avg_pool2d: {kernel_size: 2, padding: 1}")),
        image(rows("avg_pool2d: {kernel_size: 2, padding: 1, count_include_pad: false}")),
    ),
    "pooling before or after the activation": (
        image(rows("avg_pool2d: {kernel_size: 2}", "relu")),
        image(rows("relu", "avg_pool2d: {kernel_size: 2}")),
    ),
    "adaptive maximum or mean": (
        IMAGE + HEAD,
        IMAGE + HEAD.replace("avg", "max"),
    ),
    "order of flattened axes": (
        IMAGE + rows("max_pool2d: {kernel_size: [3, 2]}", "flatten", "linear: {out_features: 2}"),
        IMAGE + rows("max_pool2d: {kernel_size: [2, 3]}", "flatten", "linear: {out_features: 2}"),
    ),
    "residual or not": (
        VECTOR + rows("residual: {body: [{linear: {out_features: 4}}, relu]}"),
        VECTOR + rows("linear: {out_features: 4}", "relu"),
    ),
    "activation inside or after a residual": (
        VECTOR + rows("residual: {body: [{linear: {out_features: 4}}, relu]}"),
        VECTOR + rows("residual: {body: [{linear: {out_features: 4}}]}", "relu"),
    ),
    "activation before or after the weights of a residual": (
        VECTOR + rows("residual: {body: [relu, {linear: {out_features: 4}}]}"),
        VECTOR + rows("residual: {body: [{linear: {out_features: 4}}, relu]}"),
    ),
    "norm inside or before a residual": (
        VECTOR
        + rows(
            "residual: {body: [{layer_norm: {elementwise_affine: false}}, "
            "{linear: {out_features: 4}}]}"
        ),
        VECTOR
        + rows(
            "layer_norm: {elementwise_affine: false}",
            "residual: {body: [{linear: {out_features: 4}}]}",
        ),
    ),
    "a value added once or twice": (
        VECTOR + rows("relu: {name: a}", "tanh: {name: b}", "add: {inputs: [a, b]}"),
        VECTOR + rows("relu: {name: a}", "tanh: {name: b}", "add: {inputs: [a, b, b]}"),
    ),
    "what a branch starts from": (
        VECTOR + rows("relu: {name: a}", "tanh: {name: b}", "sigmoid: {inputs: a, name: c}")
        + rows("add: {inputs: [b, c]}"),
        VECTOR + rows("relu: {name: a}", "tanh: {name: b}", "sigmoid: {inputs: b, name: c}")
        + rows("add: {inputs: [b, c]}"),
    ),
    "shared weights": (
        VECTOR + rows("relu", "linear: {out_features: 4, parameters: {weight: 0.weight}}"),
        VECTOR + rows("relu", "linear: {out_features: 4, parameters: {weight: w}}"),
    ),
    "what weights are shared with": (
        VECTOR + rows("relu", "linear: {out_features: 4}", "tanh")
        + rows("linear: {out_features: 4, parameters: {weight: 0.weight}}"),
        VECTOR + rows("relu", "linear: {out_features: 4}", "tanh")
        + rows("linear: {out_features: 4, parameters: {weight: 2.weight}}"),
    ),
    "order of the outputs": (
        VECTOR + rows("relu: {name: a}", "tanh: {name: b}") + "outputs: [a, b]",
        VECTOR + rows("relu: {name: a}", "tanh: {name: b}") + "outputs: [b, a]",
    ),
    "number of the outputs": (
        VECTOR + rows("dropout: {name: a}") + "outputs: a",
        VECTOR + rows("dropout: {name: a}") + "outputs: ['0', a]",
    ),
    "order of the inputs": (
        "inputs: {a: [3], b: [3]}\nlayers:\n"
        + rows("linear: {inputs: a, out_features: 4, name: p}", "relu: {name: q}")
        + rows("linear: {inputs: b, out_features: 4, name: r}", "add: {inputs: [q, r]}"),
        "inputs: {b: [3], a: [3]}\nlayers:\n"
        + rows("linear: {inputs: a, out_features: 4, name: p}", "relu: {name: q}")
        + rows("linear: {inputs: b, out_features: 4, name: r}", "add: {inputs: [q, r]}"),
    ),
    "size of the input": (
        image(),
        image().replace("[2, 8, 8]", "[2, 8, 9]"),
    ),
    "offset of positions": (
        "inputs: {x: [4, 4]}\nlayers:\n" + rows("position_embedding: {max_length: 6, offset: 1}"),
        "inputs: {x: [4, 4]}\nlayers:\n" + rows("position_embedding: {max_length: 6, offset: 2}"),
    ),
    "channels or positions first": (
        "inputs: {x: [4, 4]}\nlayers:\n" + rows("linear: {out_features: 4, bias: false}"),
        "inputs: {x: [4, 4]}\nlayers:\n"
        + rows("conv1d: {out_channels: 4, kernel_size: 1, bias: false}"),
    ),
}  # fmt: skip
"""Pairs of descriptions, by how their functions differ; most have the same tensors."""

EQUALS: dict[str, tuple[str, str]] = {
    "names": (image(rows("relu")), "name: n\n" + image(rows("relu: {name: a}"))),
    "names of tensors": (
        VECTOR + rows("relu", "linear: {out_features: 4, parameters: {weight: 0.weight}}"),
        VECTOR.replace("4}", "4, parameters: {weight: w, bias: b}}")
        + rows("relu", "linear: {out_features: 4, parameters: {weight: w}}"),
    ),
    "dropout": (image(rows("relu")), image(rows("relu", "dropout: {p: 0.3}"))),
    "identity": (image(rows("relu")), image(rows("identity", "relu"))),
    "momentum": (
        image(rows("batch_norm: {momentum: 0.1}")),
        image(rows("batch_norm: {momentum: 0.2}")),
    ),
    "order of branches": (
        VECTOR
        + rows("relu: {name: r}", "linear: {inputs: r, out_features: 4, name: a}")
        + rows("tanh: {name: b}", "linear: {inputs: r, out_features: 4, name: c}")
        + rows("add: {inputs: [b, c]}"),
        VECTOR
        + rows("relu: {name: r}", "linear: {inputs: r, out_features: 4, name: c}")
        + rows("linear: {inputs: r, out_features: 4, name: a}", "tanh: {name: b}")
        + rows("add: {inputs: [c, b]}"),
    ),
    "blocks": (
        VECTOR + rows("linear: {out_features: 4}", "relu", "linear: {out_features: 4}", "relu"),
        VECTOR + rows("repeat: {times: 2, layers: [{linear: {out_features: 4}}, relu]}"),
    ),
}
"""Pairs of descriptions of one function, by what differs but does not matter."""
