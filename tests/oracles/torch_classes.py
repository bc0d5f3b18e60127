"""Every class of `torch.nn`: how it is imported, or why it is refused."""

from __future__ import annotations

import torch
from oracles.torch_modules import (
    IMAGE,
    SEQUENCE,
    SPACES,
    VOLUME,
    Around,
    Case,
    Looked,
    With,
    activation,
    attention,
    convolutions,
    indices,
    lazy,
    losses,
    norms,
    one,
    padding,
    pools,
    recurrent,
    transformers,
    x,
)
from torch import nn


def classes(*shape: int) -> torch.Tensor:
    return indices(*shape, below=3)


class Bounds3(nn.Module):
    """A loss of three values, of which the last one is a variance."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.loss(x, y, y.sigmoid() + 0.1)


IMPORTED: dict[str, list[Case]] = {
    **{
        name: activation(name)
        for name in (
            "CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
            "LeakyReLU", "LogSigmoid", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU",
            "Sigmoid", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink",
        )
    },
    **{name: [*activation(name, dim=-1), *activation(name, dim=1)]
       for name in ("Softmax", "LogSoftmax", "Softmin")},
    "Threshold": activation("Threshold", threshold=0.3, value=-2.0),
    "GLU": [(lambda: nn.GLU(1), (SEQUENCE,)), (lambda: With(nn.GLU(), 6, 3), (x(3, 4, 6),))],
    "Softmax2d": one(lambda: nn.Softmax2d(), IMAGE),
    **{name: activation(name)[1:] for name in (
        "Identity", "Dropout", "AlphaDropout", "FeatureAlphaDropout")},
    **{f"Dropout{d}d": one(lambda d=d: Around(getattr(nn, f"Dropout{d}d")()), SPACES[d])  # type: ignore[misc]
       for d in (1, 2, 3)},
    **{f"Conv{d}d": convolutions(d) for d in (1, 2, 3)},
    **{f"ConvTranspose{d}d": convolutions(d, transposed=True) for d in (1, 2, 3)},
    **{f"{kind}Pool{d}d": pools(kind, d) for kind in ("Max", "Avg", "AdaptiveAvg", "AdaptiveMax")
       for d in (1, 2, 3)},
    "LPPool1d": one(lambda: nn.LPPool1d(2, 3), SEQUENCE.abs()),
    "LPPool2d": [(lambda: nn.LPPool2d(2, 3, 2), (IMAGE,)),
                 (lambda: nn.LPPool2d(3, 2, ceil_mode=True), (IMAGE.abs(),))],
    "LPPool3d": one(lambda: nn.LPPool3d(2, 2), VOLUME),
    **{f"{name}Pad{d}d": padding(name, d)
       for name in ("Zero", "Constant", "Reflection", "Replication", "Circular")
       for d in (1, 2, 3)},
    **{f"BatchNorm{d}d": norms(f"BatchNorm{d}d") for d in (1, 2, 3)},
    **{f"InstanceNorm{d}d": [*norms(f"InstanceNorm{d}d", affine=True),
                             *norms(f"InstanceNorm{d}d", track_running_stats=True)]
       for d in (1, 2, 3)},
    "SyncBatchNorm": one(lambda: nn.SyncBatchNorm(4), IMAGE),
    "GroupNorm": [(lambda: nn.GroupNorm(2, 4), (IMAGE,)),
                  (lambda: nn.GroupNorm(4, 4, affine=False), (SEQUENCE,))],
    "LayerNorm": [(lambda: nn.LayerNorm((4, 7)), (SEQUENCE,)),
                  (lambda: With(nn.LayerNorm(7, bias=False), 7, 7), (SEQUENCE,)),
                  (lambda: nn.LayerNorm(7, elementwise_affine=False), (SEQUENCE,))],
    "RMSNorm": [(lambda: nn.RMSNorm(7, eps=1e-3), (SEQUENCE,)), (lambda: nn.RMSNorm((4, 7)),
                (SEQUENCE,))],
    "LocalResponseNorm": one(lambda: nn.LocalResponseNorm(3), IMAGE),
    "Linear": [(lambda: nn.Linear(7, 5), (SEQUENCE,)), (lambda: nn.Linear(4, 3), (x(3, 4),)),
               (lambda: nn.Linear(7, 2, bias=False), (x(2, 4, 5, 6, 7),))],
    "Bilinear": one(lambda: nn.Bilinear(7, 6, 5), SEQUENCE, x(3, 4, 6)),
    "Embedding": [(lambda: nn.Embedding(9, 4), (indices(3, 5, below=9),)),
                  (lambda: nn.Embedding(9, 4, padding_idx=0), (indices(3, below=9),))],
    "EmbeddingBag": [(lambda: nn.EmbeddingBag(9, 4, mode="sum"), (indices(3, 5, below=9),)),
                     (lambda: nn.EmbeddingBag(9, 4), (indices(3, 5, below=9),))],
    "RNN": [*recurrent("RNN"), *recurrent("RNN", nonlinearity="relu")],
    "GRU": recurrent("GRU"),
    "LSTM": [*recurrent("LSTM"), *recurrent("LSTM", proj_size=3)],
    "RNNCell": [(lambda: Looked(nn.RNNCell(7, 5)), (SEQUENCE,)),
                (lambda: nn.RNNCell(4, 5, nonlinearity="relu"), (x(3, 4), x(3, 5)))],
    "GRUCell": [(lambda: Looked(nn.GRUCell(7, 5)), (SEQUENCE,)),
                (lambda: nn.GRUCell(4, 5, bias=False), (x(3, 4), x(3, 5)))],
    "LSTMCell": [(lambda: Looked(nn.LSTMCell(7, 5)), (SEQUENCE,)), (lambda: nn.LSTMCell(4, 5),
                 (x(3, 4),))],
    "MultiheadAttention": attention(),
    **{name: transformers(name) for name in (
        "TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder",
        "TransformerDecoder", "Transformer")},
    "Flatten": one(lambda: nn.Flatten(), IMAGE),
    "Unflatten": one(lambda: nn.Unflatten(1, (2, 2)), IMAGE),
    "ChannelShuffle": one(lambda: nn.ChannelShuffle(2), IMAGE),
    "PixelShuffle": one(lambda: nn.PixelShuffle(2), IMAGE),
    "PixelUnshuffle": one(lambda: nn.PixelUnshuffle(2), x(3, 2, 4, 6)),
    "Upsample": [
        *((lambda m=m: nn.Upsample(scale_factor=2, mode=m), (SPACES[d],))  # type: ignore[misc]
          for m, d in (("nearest", 1), ("linear", 1), ("bilinear", 2), ("bicubic", 2),
                       ("nearest", 3), ("trilinear", 3))),
        (lambda: nn.Upsample(size=(5, 9)), (IMAGE,)),
        (lambda: nn.Upsample(scale_factor=(1.5, 0.7), mode="bilinear"), (IMAGE,)),
        (lambda: nn.Upsample(scale_factor=1.7, mode="nearest"), (IMAGE,)),
        (lambda: nn.Upsample(size=11, mode="bilinear", align_corners=True), (IMAGE,)),
    ],
    "UpsamplingNearest2d": one(lambda: nn.UpsamplingNearest2d(scale_factor=2), IMAGE),
    "UpsamplingBilinear2d": one(lambda: nn.UpsamplingBilinear2d(scale_factor=2), IMAGE),
    "Unfold": [(lambda: nn.Unfold(2), (IMAGE,)),
               (lambda: nn.Unfold((3, 2), 2, (2, 1), (2, 1)), (IMAGE,))],
    "Fold": [(lambda: nn.Fold((4, 5), 2), (x(3, 8, 12),)),
             (lambda: nn.Fold((7, 6), (3, 2), (2, 1), (1, 0), (2, 3)), (x(3, 12, 6),))],
    "CosineSimilarity": one(lambda: nn.CosineSimilarity(), SEQUENCE, x(3, 4, 7, seed=2)),
    "PairwiseDistance": one(lambda: nn.PairwiseDistance(), x(3, 4), x(3, 4, seed=2)),
    "Sequential": one(lambda: nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2))),
    **{f"LazyBatchNorm{d}d": lazy(f"LazyBatchNorm{d}d") for d in (1, 2, 3)},
    **{f"LazyInstanceNorm{d}d": lazy(f"LazyInstanceNorm{d}d") for d in (1, 2, 3)},
    **{f"LazyConv{d}d": lazy(f"LazyConv{d}d", 5, 2) for d in (1, 2, 3)},
    **{f"LazyConvTranspose{d}d": lazy(f"LazyConvTranspose{d}d", 5, 2) for d in (1, 2, 3)},
    "LazyLinear": lazy("LazyLinear", 5),
    "DataParallel": one(lambda: nn.DataParallel(nn.Linear(7, 5)), SEQUENCE),
    "L1Loss": losses("L1Loss"),
    "MSELoss": losses("MSELoss"),
    "SmoothL1Loss": losses("SmoothL1Loss", {"beta": 0.3}),
    "HuberLoss": losses("HuberLoss", {"delta": 0.3}),
    "SoftMarginLoss": losses("SoftMarginLoss"),
    "KLDivLoss": losses("KLDivLoss", {"log_target": True, "reduction": "sum"}, inside=True),
    "PoissonNLLLoss": losses("PoissonNLLLoss", {"log_input": False}, inside=True),
    "BCELoss": losses("BCELoss", inside=True),
    "BCEWithLogitsLoss": losses("BCEWithLogitsLoss"),
    "MultiLabelSoftMarginLoss": losses("MultiLabelSoftMarginLoss"),
    "HingeEmbeddingLoss": losses("HingeEmbeddingLoss"),
    "CrossEntropyLoss": losses("CrossEntropyLoss", {"label_smoothing": 0.1}),
    "MultiMarginLoss": one(lambda: nn.MultiMarginLoss(), x(3, 4), classes(3)),
    "MultiLabelMarginLoss": one(lambda: nn.MultiLabelMarginLoss(), x(3, 4), classes(3, 4)),
    "MarginRankingLoss": [
        (lambda: nn.MarginRankingLoss(0.5, reduction="none"), (x(3), x(3, seed=2), x(3, seed=3)))],
    "CosineEmbeddingLoss": [
        (lambda: nn.CosineEmbeddingLoss(0.5, reduction="none"),
         (x(3, 4), x(3, 4, seed=2), x(3, seed=3).sign()))],
    "TripletMarginLoss": one(lambda: nn.TripletMarginLoss(reduction="none"), x(3, 4),
                             x(3, 4, seed=2), x(3, 4, seed=3)),
    "TripletMarginWithDistanceLoss": one(
        lambda: nn.TripletMarginWithDistanceLoss(reduction="none"), x(3, 4), x(3, 4, seed=2),
        x(3, 4, seed=3)),
}  # fmt: skip
"""For each class that is imported, modules of it with their inputs."""


REFUSED: dict[str, tuple[Case | None, str]] = {
    "FractionalMaxPool2d": ((lambda: nn.FractionalMaxPool2d(2, 3), (IMAGE,)), "random"),
    "FractionalMaxPool3d": ((lambda: nn.FractionalMaxPool3d(2, 3), (VOLUME,)), "random"),
    "MaxUnpool1d": ((lambda: nn.MaxUnpool1d(2), (SEQUENCE, indices(3, 4, 7))), "computed"),
    "MaxUnpool2d": ((lambda: nn.MaxUnpool2d(2), (IMAGE, indices(3, 4, 7, 6))), "computed"),
    "MaxUnpool3d": ((lambda: nn.MaxUnpool3d(2), (VOLUME, indices(2, 4, 5, 6, 5))), "computed"),
    "CrossMapLRN2d": ((lambda: nn.CrossMapLRN2d(3), (IMAGE,)), "in place"),
    "CTCLoss": (
        (lambda: nn.CTCLoss(), (x(5, 3, 4).log_softmax(2), classes(3, 2), torch.full((3,), 5),
                                torch.full((3,), 2))), "ctc_loss"),
    "NLLLoss": ((lambda: nn.NLLLoss(), (x(3, 4), classes(3))), "indices"),
    "NLLLoss2d": ((lambda: nn.NLLLoss(), (IMAGE, classes(3, 7, 6))), "indices"),
    "AdaptiveLogSoftmaxWithLoss": (
        (lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 9, [3, 6], div_value=1.5),
         (x(3, 4), classes(3))), "torch.export"),
    "GaussianNLLLoss": (
        (lambda: Bounds3(nn.GaussianNLLLoss()), (x(3, 4), x(3, 4, seed=2))), "data-dependent"),
    "LinearCrossEntropyLoss": (None, ""),
    # No forward of their own.
    **dict.fromkeys(("Container", "Module", "ModuleDict", "ModuleList", "ParameterDict",
                     "ParameterList", "RNNBase", "RNNCellBase"), (None, "forward")),
}  # fmt: skip
"""For each class that is refused, a module of it with inputs, and what the refusal says."""
