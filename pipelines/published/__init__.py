"""Published sets of networks, read as zoos: in their authors' own formats, from an unpacked folder.

The settings are those of a zoo, with one line in the place of its recipe:

    zoo:
      published: {set: small_cnn_zoo, folder: data/cifar10}

`SETS` has their names. `gmn zoo params.yaml --out out/zoo` makes the zoo; `open_set` reads a set
without making one, its weights as views of the authors' files.
"""

from __future__ import annotations

from pipelines.published.network_set import NetworkSet, StoredNetwork
from pipelines.published.sets import SETS, open_set

__all__ = ["SETS", "NetworkSet", "StoredNetwork", "open_set"]
