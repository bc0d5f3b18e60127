"""A small experiment of one's own to start from, in a folder of its own."""

from pipelines.starter.start import start_experiment

__all__ = ["start_experiment"]
