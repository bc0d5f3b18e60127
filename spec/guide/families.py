"""The families of layers, and what PyTorch calls each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from spec.layer import LAYERS

OTHERS = "Layers of your own"


def modules(name: str, module: str) -> dict[str, str]:
    """Name one layer for each number of axes of space."""
    return {f"{name}{n}d": f"torch.nn.{module}{n}d" for n in (1, 2, 3)}


FAMILIES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Linear maps": {
            "linear": "torch.nn.Linear",
            "bilinear": "torch.nn.Bilinear",
            "set_linear": "",
            "swiglu": "",
        },
        "Convolutions": {
            **modules("conv", "Conv"),
            **modules("conv_transpose", "ConvTranspose"),
            "p4_conv2d": "",
            "p4m_conv2d": "",
            "patches": "",
        },
        "Activations": {
            "relu": "torch.nn.ReLU",
            "relu6": "torch.nn.ReLU6",
            "leaky_relu": "torch.nn.LeakyReLU",
            "prelu": "torch.nn.PReLU",
            "elu": "torch.nn.ELU",
            "celu": "torch.nn.CELU",
            "selu": "torch.nn.SELU",
            "gelu": "torch.nn.GELU",
            "quick_gelu": "",
            "silu": "torch.nn.SiLU",
            "mish": "torch.nn.Mish",
            "sigmoid": "torch.nn.Sigmoid",
            "log_sigmoid": "torch.nn.LogSigmoid",
            "hardsigmoid": "torch.nn.Hardsigmoid",
            "hardswish": "torch.nn.Hardswish",
            "tanh": "torch.nn.Tanh",
            "hardtanh": "torch.nn.Hardtanh",
            "tanhshrink": "torch.nn.Tanhshrink",
            "hardshrink": "torch.nn.Hardshrink",
            "softshrink": "torch.nn.Softshrink",
            "threshold": "torch.nn.Threshold",
            "softplus": "torch.nn.Softplus",
            "softsign": "torch.nn.Softsign",
            "sine": "",
            "softmax": "torch.nn.Softmax",
            "softmin": "torch.nn.Softmin",
            "log_softmax": "torch.nn.LogSoftmax",
            "glu": "torch.nn.GLU",
            "identity": "torch.nn.Identity",
            "dropout": "torch.nn.Dropout",
        },
        "Arithmetic": {
            **{
                name: f"torch.{name}"
                for name in ("exp", "log", "sqrt", "rsqrt", "reciprocal", "abs", "square")
            },
            "power": "",
            "sign": "torch.sign",
            "heaviside": "torch.heaviside",
            "erf": "torch.erf",
            "cosine": "",
            "clamp": "torch.clamp",
            "scale_by": "",
            "shift_by": "",
            "affine": "",
            "constant": "",
            "arange": "torch.arange",
            "band_mask": "",
            **{name: f"torch.{name}" for name in ("eq", "ne", "lt", "le", "gt", "ge")},
        },
        "Choosing": {
            "top_k": "",
            "top_k_mask": "",
            "hardmax": "",
            "argmax": "torch.argmax",
            "argmin": "torch.argmin",
            "kthvalue": "torch.kthvalue",
            "median": "torch.median",
            "one_hot": "torch.nn.functional.one_hot",
            "gather": "torch.gather",
        },
        "Norms and scales": {
            "batch_norm": "torch.nn.BatchNorm{1,2,3}d",
            "layer_norm": "torch.nn.LayerNorm",
            "group_norm": "torch.nn.GroupNorm",
            "instance_norm": "torch.nn.InstanceNorm{1,2,3}d",
            "rms_norm": "torch.nn.RMSNorm",
            "local_response_norm": "torch.nn.LocalResponseNorm",
            "normalize": "torch.nn.functional.normalize",
            "layer_scale": "",
            "bias": "",
            "parameter": "",
        },
        "Pooling and resampling": {
            **modules("max_pool", "MaxPool"),
            **modules("avg_pool", "AvgPool"),
            **modules("lp_pool", "LPPool"),
            **modules("adaptive_max_pool", "AdaptiveMaxPool"),
            **modules("adaptive_avg_pool", "AdaptiveAvgPool"),
            "upsample": "torch.nn.Upsample",
            "mean": "torch.mean",
            "amax": "torch.amax",
            "sum": "torch.sum",
            "logsumexp": "torch.logsumexp",
        },
        "Attention, tokens and positions": {
            "multihead_attention": "torch.nn.MultiheadAttention",
            "scaled_dot_product_attention": "torch.nn.functional.scaled_dot_product_attention",
            "rotary": "",
            "relative_position_bias": "",
            "window_position_bias": "",
            "alibi": "",
            "embedding": "torch.nn.Embedding",
            "position_embedding": "",
            "sinusoidal_positions": "",
            "class_token": "",
        },
        "Recurrence": {
            "rnn": "torch.nn.RNN",
            "lstm": "torch.nn.LSTM",
            "gru": "torch.nn.GRU",
            "linear_recurrence": "",
            "cumsum": "torch.cumsum",
        },
        "Shapes": {
            "flatten": "torch.nn.Flatten",
            "reshape": "torch.reshape",
            "transpose": "torch.transpose",
            "split": "torch.split",
            "permute": "torch.permute",
            "unflatten": "torch.nn.Unflatten",
            "unsqueeze": "torch.unsqueeze",
            "squeeze": "torch.squeeze",
            "unfold": "torch.nn.Unfold",
            "pixel_shuffle": "torch.nn.PixelShuffle",
            "pixel_unshuffle": "torch.nn.PixelUnshuffle",
            "channel_shuffle": "torch.nn.ChannelShuffle",
        },
        "Items of axes": {
            "select": "torch.select",
            "narrow": "torch.narrow",
            "slice": "",
            "index_select": "torch.index_select",
            "chunk": "torch.chunk",
            "pad": "torch.nn.functional.pad",
            "roll": "torch.roll",
            "flip": "torch.flip",
            "expand": "torch.Tensor.expand",
            "tile": "torch.tile",
            "repeat_interleave": "torch.repeat_interleave",
        },
        "Several values": {
            "add": "torch.add",
            "multiply": "torch.multiply",
            "subtract": "torch.subtract",
            "divide": "torch.divide",
            "maximum": "torch.maximum",
            "matmul": "torch.matmul",
            "einsum": "torch.einsum",
            "minimum": "torch.minimum",
            "where": "torch.where",
            "masked_fill": "torch.masked_fill",
            "concat": "torch.concat",
            "stack": "torch.stack",
        },
        "Features of places": {
            "fourier_features": "",
            "frequency_encoding": "",
            "grid_encoding": "",
            "hash_encoding": "",
            "triplane": "",
        },
    }
)
"""By family: the layers in the order in which they are told, and PyTorch's names, if any."""

TORCH_NAMES: Mapping[str, str] = MappingProxyType(
    {name: torch for family in FAMILIES.values() for name, torch in family.items() if torch}
)
"""What PyTorch calls a layer, where it has it."""


def by_family(*, own: bool = True) -> Iterator[tuple[str, list[str]]]:
    """List the layers of every family that are registered; the user's own come last."""
    told = {name for family in FAMILIES.values() for name in family}
    others = sorted(LAYERS.keys() - told) if own else []
    for title, family in [*FAMILIES.items(), (OTHERS, dict.fromkeys(others, ""))]:
        names = [name for name in family if name in LAYERS]
        if names:
            yield title, names
