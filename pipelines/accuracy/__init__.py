"""The predictor of accuracy that comes with the package: fitted on zoos, measured on others."""
