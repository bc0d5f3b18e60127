"""A layer, a metanet, a data set, a task and signals for graph-metanetworks."""

__version__ = "0.1.0"
