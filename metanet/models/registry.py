"""The registry: metanets and editors by their names in settings."""

from __future__ import annotations

from typing import Any

from metanet.errors import MetanetError
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
from metanet.models.gmn import GMN, GMNEditor
from metanet.models.hidden_activations import HiddenActivations
from metanet.models.learned_inputs import LearnedInputs
from metanet.models.metanet import Metanet
from metanet.models.mlp import MLP
from metanet.models.nfn import HNPNFN, NPNFN, DWSNet
from metanet.models.ng_gnn import NGGNN
from metanet.models.ng_t import NGT
from metanet.models.probe_gen import ProbeGen
from metanet.models.probe_grid import ProbeGrid
from metanet.models.scale_gmn import ScaleGMN
from metanet.models.stat_mlp import StatMLP
from metanet.models.statnn import StatNN
from metanet.models.viewed import Viewed
from metanet.options import nearest, shown
from spec.registry import Registry

METANETS: Registry[type[Metanet]] = Registry(
    "metanets",
    {
        "gmn": GMN,
        "deepsets": DeepSets,
        "dmc": DMC,
        "dws": DWSNet,
        "hidden_activations": HiddenActivations,
        "hnp_nfn": HNPNFN,
        "learned_inputs": LearnedInputs,
        "mlp": MLP,
        "ng_gnn": NGGNN,
        "ng_t": NGT,
        "np_nfn": NPNFN,
        "probe_grid": ProbeGrid,
        "probe_gen": ProbeGen,
        "scale_gmn": ScaleGMN,
        "stat_mlp": StatMLP,
        "statnn": StatNN,
        "viewed": Viewed,
    },
    lambda found: issubclass(found, Metanet),
    "a subclass of metanet.Metanet",
    shared=True,
)
"""The metanets by name, those of plugins too; `METANETS.register("mine")` adds one."""

EDITORS: Registry[type[Editor]] = Registry(
    "metanets",
    {
        "gmn": GMNEditor,
        "dws": DWSNetEditor,
        "hnp_nfn": HNPNFNEditor,
        "mlp": MLPEditor,
        "ng_gnn": NGGNNEditor,
        "np_nfn": NPNFNEditor,
        "scale_gmn": ScaleGMNEditor,
    },
    lambda found: issubclass(found, Editor),
    "a subclass of metanet.Editor",
    shared=True,
)
"""The editors by name, as `METANETS`."""


def make_metanet(name: str, **settings: Any) -> Metanet:
    """Make a metanet by its name and settings.

        model = make_metanet("gmn", hidden=32)
        again = make_metanet("gmn", **model.settings)

    Raises `MetanetError` for an unknown name or setting, and for a value that it does not take.
    """
    if not isinstance(name, str) or name not in METANETS:
        raise MetanetError(f"unknown metanet {shown(name)}; {nearest(name, list(METANETS))}")
    return METANETS[name](**settings)


def make_editor(name: str, **settings: Any) -> Editor:
    """Make an editor by its name and settings; see `make_metanet`.

    editor = make_editor("gmn", hidden=32, members=2)
    """
    if not isinstance(name, str) or name not in EDITORS:
        raise MetanetError(f"unknown editor {shown(name)}; {nearest(name, list(EDITORS))}")
    return EDITORS[name](**settings)
