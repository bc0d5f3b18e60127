"""Networks of the literature, small, each compared with its authors' code."""
