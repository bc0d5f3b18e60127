"""Reading and writing what lasts: weights, shards of arrays, indices, records of work begun."""

from __future__ import annotations

from graphgen.files.atomic import atomic_path, remove_leftovers, write_bytes, write_json
from graphgen.files.index import read_index, write_index
from graphgen.files.journal import Journal
from graphgen.files.lock import exclusive
from graphgen.files.packing import pack, unpack, write_rows
from graphgen.files.ragged import Shard, write_shard
from graphgen.files.safetensors_reader import SafetensorsFile, open_safetensors
from graphgen.files.safetensors_writer import write_safetensors
from graphgen.files.weights_reader import read_weights, write_weights

__all__ = [
    "Journal",
    "SafetensorsFile",
    "Shard",
    "atomic_path",
    "exclusive",
    "open_safetensors",
    "pack",
    "read_index",
    "read_weights",
    "remove_leftovers",
    "unpack",
    "write_bytes",
    "write_index",
    "write_json",
    "write_rows",
    "write_safetensors",
    "write_shard",
    "write_weights",
]
