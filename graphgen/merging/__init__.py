"""Merging: networks put into one frame, and one network of them."""
