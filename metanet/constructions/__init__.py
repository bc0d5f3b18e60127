"""The paper's expressivity results as GMNs whose weights are set by formula.

Lim et al. (ICLR 2024), propositions 3 and 4: a GMN can compute what StatNN reads, a layer of
NP-NFN, and the forward pass of the network that it is given.
"""

from metanet.constructions.forward_pass import forward_pass
from metanet.constructions.nfn_layer import NFNCoefficients, nfn_layer
from metanet.constructions.statnn import statnn_statistics

__all__ = ["NFNCoefficients", "forward_pass", "nfn_layer", "statnn_statistics"]
