"""Evaluation in torch: a network as a function of its weights."""

from metanet.evaluate.network import TORCH, initial_weights, run
from metanet.evaluate.stack import run_stack
from metanet.evaluate.statistics import reset_statistics

__all__ = ["TORCH", "initial_weights", "reset_statistics", "run", "run_stack"]
