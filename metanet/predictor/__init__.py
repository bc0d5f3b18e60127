"""The predictor of accuracy: estimates with calibrated intervals, and what lies outside of them."""
