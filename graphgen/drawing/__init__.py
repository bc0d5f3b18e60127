"""Drawings of networks: one page to look around in, and a small static picture."""
