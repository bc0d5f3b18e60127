"""Learned optimizers: editors that update the parameters of networks in training."""

from metanet.models.learned_optimizer.optimizer import LearnedOptimizer
from metanet.models.learned_optimizer.state import OptimizerState

__all__ = ["LearnedOptimizer", "OptimizerState"]
