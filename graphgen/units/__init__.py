"""Units: the smallest sets of parameter slices that leave a network together."""
