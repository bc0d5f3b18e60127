"""Saved models: a folder with parameters in safetensors, settings in JSON, and a card."""
