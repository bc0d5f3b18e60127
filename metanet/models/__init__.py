"""The models: metanets and editors, and what is made of editors, flows and learned optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from metanet.models.deepsets import DeepSets
    from metanet.models.dmc import DMC
    from metanet.models.editor import Editor
    from metanet.models.editors import (
        DWSNetEditor,
        HNPNFNEditor,
        MLPEditor,
        NGGNNEditor,
        NPNFNEditor,
        ScaleGMNEditor,
    )
    from metanet.models.flow.flow import Flow
    from metanet.models.flow.gaussian import gaussian
    from metanet.models.flow.moments import Moments
    from metanet.models.gmn import GMN, GMNEditor
    from metanet.models.hidden_activations import HiddenActivations
    from metanet.models.learned_inputs import LearnedInputs
    from metanet.models.learned_optimizer import LearnedOptimizer, OptimizerState
    from metanet.models.metanet import Metanet
    from metanet.models.mlp import MLP
    from metanet.models.nfn import HNPNFN, NPNFN, DWSNet
    from metanet.models.ng_gnn import NGGNN
    from metanet.models.ng_t import NGT
    from metanet.models.probe_gen import ProbeGen
    from metanet.models.probe_grid import ProbeGrid
    from metanet.models.registry import EDITORS, METANETS, make_editor, make_metanet
    from metanet.models.scale_gmn import ScaleGMN
    from metanet.models.stat_mlp import StatMLP
    from metanet.models.statnn import StatNN
    from metanet.models.viewed import Viewed
else:
    lazily(__name__)

__all__ = [
    "DMC", "EDITORS", "GMN", "HNPNFN", "METANETS", "MLP", "NGGNN", "NGT", "NPNFN", "DWSNet",
    "DWSNetEditor", "DeepSets", "Editor", "Flow", "GMNEditor", "HNPNFNEditor",
    "HiddenActivations", "LearnedInputs", "LearnedOptimizer", "MLPEditor", "Metanet", "Moments",
    "NGGNNEditor", "NPNFNEditor", "OptimizerState", "ProbeGen", "ProbeGrid", "ScaleGMN",
    "ScaleGMNEditor", "StatMLP", "StatNN", "Viewed", "gaussian",
    "make_editor", "make_metanet",
]  # fmt: skip
