"""Views: what a metanet may see of a network beside its graph."""

from metanet.views.view import NETWORK, NODE, View, architecture_of_part

__all__ = ["NETWORK", "NODE", "View", "architecture_of_part"]
