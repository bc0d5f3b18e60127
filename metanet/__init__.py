"""The models: from graphs of networks to predictions about them."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from metanet import evaluate
    from metanet.batch import Batch
    from metanet.datasets import GraphDataset
    from metanet.errors import MetanetError
    from metanet.evaluate.functions import register_function
    from metanet.models import (
        DMC,
        EDITORS,
        GMN,
        HNPNFN,
        METANETS,
        MLP,
        NGGNN,
        NGT,
        NPNFN,
        DeepSets,
        DWSNet,
        DWSNetEditor,
        Editor,
        Flow,
        GMNEditor,
        HiddenActivations,
        HNPNFNEditor,
        LearnedInputs,
        LearnedOptimizer,
        Metanet,
        MLPEditor,
        Moments,
        NGGNNEditor,
        NPNFNEditor,
        OptimizerState,
        ProbeGen,
        ProbeGrid,
        ScaleGMN,
        ScaleGMNEditor,
        StatMLP,
        StatNN,
        Viewed,
        gaussian,
        make_editor,
        make_metanet,
    )
    from metanet.models.learned_optimizer.torch_optimizer import TorchOptimizer
    from metanet.predictor.predictor import AccuracyPredictor
    from metanet.pyg_dataset import PyGDataset
    from metanet.saved.hub import push_to_hub
    from metanet.saved.saving import load, save
    from metanet.views.weight_statistics import network_statistics
else:
    lazily(__name__)

__all__ = [
    "DMC",
    "EDITORS",
    "GMN",
    "HNPNFN",
    "METANETS",
    "MLP",
    "NGGNN",
    "NGT",
    "NPNFN",
    "AccuracyPredictor",
    "Batch",
    "DWSNet",
    "DWSNetEditor",
    "DeepSets",
    "Editor",
    "Flow",
    "GMNEditor",
    "GraphDataset",
    "HNPNFNEditor",
    "HiddenActivations",
    "LearnedInputs",
    "LearnedOptimizer",
    "MLPEditor",
    "Metanet",
    "MetanetError",
    "Moments",
    "NGGNNEditor",
    "NPNFNEditor",
    "OptimizerState",
    "ProbeGen",
    "ProbeGrid",
    "PyGDataset",
    "ScaleGMN",
    "ScaleGMNEditor",
    "StatMLP",
    "StatNN",
    "TorchOptimizer",
    "Viewed",
    "evaluate",
    "gaussian",
    "load",
    "make_editor",
    "make_metanet",
    "network_statistics",
    "push_to_hub",
    "register_function",
    "save",
]  # fmt: skip
