"""Learned optimizers: metanets that update other networks, meta-trained on small tasks."""

from pipelines.learned_optimizer.meta_test import meta_test
from pipelines.learned_optimizer.meta_train import meta_train
from pipelines.learned_optimizer.run import load_optimizer

__all__ = ["load_optimizer", "meta_test", "meta_train"]
