"""What workers import, to be named where nothing is imported yet."""

from __future__ import annotations

EVERY = ("filelock", "torch._dynamo", "lightning_fabric.strategies.ddp")
"""What every run imports as it begins: optimizers want `torch._dynamo`."""
PREDICTING = ("metanet.backends.block", "scipy.stats")
"""What a metanet imports as it is first applied, and scores as they are first computed."""
TRAINING = (*EVERY, "pipelines.training.run", *PREDICTING)
"""What the runs of `gmn train` and `gmn search` import."""
