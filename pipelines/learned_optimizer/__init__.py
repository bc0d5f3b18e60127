"""Learned optimizers: metanets that update other networks, meta-trained on small tasks."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.learned_optimizer.meta_test import meta_test
    from pipelines.learned_optimizer.meta_train import meta_train
    from pipelines.learned_optimizer.run import load_optimizer
else:
    lazily(__name__)

__all__ = ["load_optimizer", "meta_test", "meta_train"]
