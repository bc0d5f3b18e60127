"""Learned optimizers: editors that update the parameters of networks in training."""

from metanet.models.learned_optimizer.optimizer import LearnedOptimizer
from metanet.models.learned_optimizer.state import OptimizerState
from metanet.models.learned_optimizer.torch_optimizer import TorchOptimizer

__all__ = ["LearnedOptimizer", "OptimizerState", "TorchOptimizer"]
