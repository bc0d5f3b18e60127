"""The predictor of accuracy that comes with the package: fitted on zoos, measured on others."""

from pipelines.accuracy.fit import fit

__all__ = ["fit"]
