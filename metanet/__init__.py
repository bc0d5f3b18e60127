"""The models: from graphs of networks to predictions about them."""

from metanet import evaluate
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models import (
    DMC,
    GMN,
    HNPNFN,
    METANETS,
    MLP,
    NGGNN,
    NGT,
    NPNFN,
    DeepSets,
    DWSNet,
    GMNEditor,
    Metanet,
    ScaleGMN,
    StatMLP,
    StatNN,
    make_metanet,
)
from metanet.models.statistics import network_statistics

__all__ = [
    "DMC", "GMN", "HNPNFN", "METANETS", "MLP", "NGGNN", "NGT", "NPNFN", "Batch", "DWSNet",
    "DeepSets", "GMNEditor", "Metanet", "MetanetError", "ScaleGMN", "StatMLP", "StatNN",
    "evaluate", "make_metanet", "network_statistics",
]  # fmt: skip
