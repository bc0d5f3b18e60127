"""Learned optimizers: editors that update the parameters of networks in training."""

from metanet.models.learned_optimizer.features import OptimizerState
from metanet.models.learned_optimizer.optimizer import LearnedOptimizer

__all__ = ["LearnedOptimizer", "OptimizerState"]
