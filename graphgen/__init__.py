"""The compiler: from an architecture and its weights to a graph, for any framework."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from graphgen import export
    from graphgen.canonicalization.form import CanonicalForm, canonical
    from graphgen.checkpoint import Checkpoint, as_stored
    from graphgen.compile import compile, template
    from graphgen.differences import Diff, NameMap, diff, name_map
    from graphgen.errors import GraphError
    from graphgen.evaluate import evaluate
    from graphgen.evaluate.functions import register_function
    from graphgen.families.derivation import SymmetryElement, SymmetryFamily, symmetry_families
    from graphgen.features import Features, features
    from graphgen.features.stream import stream_features
    from graphgen.graph import Graph
    from graphgen.graph_set import GraphSet
    from graphgen.interpolation import Barrier, interpolate, loss_barrier
    from graphgen.matching import Match, match
    from graphgen.merging.align import Universe, align
    from graphgen.merging.arrangement import Arrangement
    from graphgen.merging.averages import average, slerp, task_arithmetic
    from graphgen.merging.folding import fold_norms
    from graphgen.merging.renormalise import activations, renormalise
    from graphgen.merging.ties import ties
    from graphgen.neurons import NeuronValue, neuron_values
    from graphgen.surgery.prune import prune
    from graphgen.surgery.scores import lowest, unit_scores
    from graphgen.surgery.variables import variables_for
    from graphgen.surgery.widen import widen
    from graphgen.symmetry import Scalings, Symmetries, scalings, symmetries
    from graphgen.template import EdgeBlock, NodeGroup, Step, Template
    from graphgen.units.branches import Branch, Branches
    from graphgen.units.derivation import Units, units
    from graphgen.units.families import Family, Slice, Unit
    from graphgen.verify import verify
else:
    lazily(__name__)

__all__ = [
    "Arrangement",
    "Barrier",
    "Branch",
    "Branches",
    "CanonicalForm",
    "Checkpoint",
    "Diff",
    "EdgeBlock",
    "Family",
    "Features",
    "Graph",
    "GraphError",
    "GraphSet",
    "Match",
    "NameMap",
    "NeuronValue",
    "NodeGroup",
    "Scalings",
    "Slice",
    "Step",
    "Symmetries",
    "SymmetryElement",
    "SymmetryFamily",
    "Template",
    "Unit",
    "Units",
    "Universe",
    "activations",
    "align",
    "as_stored",
    "average",
    "canonical",
    "compile",
    "diff",
    "evaluate",
    "export",
    "features",
    "fold_norms",
    "interpolate",
    "loss_barrier",
    "lowest",
    "match",
    "name_map",
    "neuron_values",
    "prune",
    "register_function",
    "renormalise",
    "scalings",
    "slerp",
    "stream_features",
    "symmetries",
    "symmetry_families",
    "task_arithmetic",
    "template",
    "ties",
    "unit_scores",
    "units",
    "variables_for",
    "verify",
    "widen",
]
