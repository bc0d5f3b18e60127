"""The metanets, by name."""

from __future__ import annotations

from typing import Any

from metanet.errors import MetanetError
from metanet.models.deepsets import DeepSets
from metanet.models.dmc import DMC
from metanet.models.gmn import GMN, GMNEditor
from metanet.models.metanet import Metanet
from metanet.models.mlp import MLP
from metanet.models.neural_graphs import NGGNN, NGT
from metanet.models.nfn import HNPNFN, NPNFN, DWSNet
from metanet.models.scale_gmn import ScaleGMN
from metanet.models.stat_mlp import StatMLP
from metanet.models.statnn import StatNN

METANETS: dict[str, type[Metanet]] = {
    "gmn": GMN,
    "deepsets": DeepSets,
    "dmc": DMC,
    "dws": DWSNet,
    "hnp_nfn": HNPNFN,
    "mlp": MLP,
    "ng_gnn": NGGNN,
    "ng_t": NGT,
    "np_nfn": NPNFN,
    "scale_gmn": ScaleGMN,
    "stat_mlp": StatMLP,
    "statnn": StatNN,
}


def make_metanet(name: str, **settings: Any) -> Metanet:
    """Make a metanet by its name and settings."""
    if name not in METANETS:
        raise MetanetError(f"unknown metanet {name!r}; known: {', '.join(METANETS)}")
    try:
        return METANETS[name](**settings)
    except TypeError as error:
        raise MetanetError(f"the metanet {name!r} does not take these settings: {error}") from None


__all__ = [
    "DMC", "GMN", "HNPNFN", "METANETS", "MLP", "NGGNN", "NGT", "NPNFN", "DWSNet", "DeepSets",
    "GMNEditor", "Metanet", "ScaleGMN", "StatMLP", "StatNN", "make_metanet",
]  # fmt: skip
