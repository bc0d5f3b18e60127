"""Canonical forms of weights: one for all networks that exact symmetries carry into one another."""
