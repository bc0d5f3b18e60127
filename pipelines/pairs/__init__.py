"""Pairs: what a part of a system buys, by the same systems with it and without it.

A file lists tasks, where their results are, and which two systems are compared:

    tasks:
      - title: accuracy of networks on digits
        group: accuracy
        results: out/results               # the folder of `gmn evaluate`, beside this file
        scores: [r2, tau]
        pairs:
          - {with: gmn, without: statnn, both_see: weights alone}
"""

from pipelines.pairs.stage import compare_pairs

__all__ = ["compare_pairs"]
