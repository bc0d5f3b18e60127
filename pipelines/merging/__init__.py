"""Merging networks: into one frame, then into one network; and the recipes of mergekit."""
