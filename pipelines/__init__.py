"""The work around metanets: zoos, compiled graph sets, training, evaluation and reports.

Each stage is a function, which gives what it makes as an object: `pipelines.stages`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.cards import card
    from pipelines.errors import PipelineError
    from pipelines.estimator import Regressor
    from pipelines.kept import Results, Runs, Searches
    from pipelines.metrics.predictions import compare
    from pipelines.pairs.stage import compare_pairs
    from pipelines.stages import (
        compile,
        evaluate,
        predict,
        report,
        search,
        train,
        union,
        zoo,
    )
    from pipelines.training.editor import Editor
    from pipelines.training.predictor import Predictor
    from pipelines.zoo.opened import Zoo

__all__ = [
    "Editor",
    "PipelineError",
    "Predictor",
    "Regressor",
    "Results",
    "Runs",
    "Searches",
    "Zoo",
    "card",
    "compare",
    "compare_pairs",
    "compile",
    "evaluate",
    "predict",
    "report",
    "search",
    "train",
    "union",
    "zoo",
]


class Package(ModuleType):
    """A package that becomes lazy when it is first asked for a name.

    Help needs nothing of ours, not even what makes packages lazy.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from spec.lazy import lazily

        lazily(__name__)
        return getattr(sys.modules[__name__], name)

    def __setattr__(self, name: str, value: object) -> None:
        # Importing a module sets it in its package, where a function may have the same name.
        if name not in self.__all__ or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


if not TYPE_CHECKING:
    sys.modules[__name__].__class__ = Package
