"""The models: from graphs of networks to predictions about them."""

from metanet import evaluate
from metanet.batch import Batch
from metanet.errors import MetanetError
from metanet.models import (
    DMC,
    GMN,
    METANETS,
    MLP,
    DeepSets,
    GMNEditor,
    Metanet,
    StatNN,
    make_metanet,
)
from metanet.models.statistics import network_statistics

__all__ = [
    "DMC",
    "GMN",
    "METANETS",
    "MLP",
    "Batch",
    "DeepSets",
    "GMNEditor",
    "Metanet",
    "MetanetError",
    "StatNN",
    "evaluate",
    "make_metanet",
    "network_statistics",
]
