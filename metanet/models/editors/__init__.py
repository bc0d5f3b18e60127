"""The editors beside GMN's: one file a method, each on the trunk of its predictor."""

from metanet.models.editors.mlp import MLPEditor
from metanet.models.editors.nfn import DWSNetEditor, HNPNFNEditor, NPNFNEditor
from metanet.models.editors.ng_gnn import NGGNNEditor
from metanet.models.editors.scale_gmn import ScaleGMNEditor

__all__ = [
    "DWSNetEditor", "HNPNFNEditor", "MLPEditor", "NGGNNEditor", "NPNFNEditor", "ScaleGMNEditor",
]  # fmt: skip
