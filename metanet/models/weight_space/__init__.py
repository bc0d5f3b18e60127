"""Linear maps between weight spaces, by which NP-NFN, HNP-NFN and DWSNets are made."""

from metanet.models.weight_space.layer import WeightSpaceLayer
from metanet.models.weight_space.layout import Item, Layout, States

__all__ = ["Item", "Layout", "States", "WeightSpaceLayer"]
