"""Reading and writing what lasts: weights, shards of arrays, indices, records of work begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from graphgen.files.atomic import atomic_path, remove_leftovers, write_bytes, write_json
    from graphgen.files.destination import claim_file
    from graphgen.files.document import Kind, read_document, write_document
    from graphgen.files.journal import Journal
    from graphgen.files.lock import exclusive
    from graphgen.files.packing import pack, unpack, write_rows
    from graphgen.files.ragged import Shard, write_shard
    from graphgen.files.safetensors_reader import SafetensorsFile, open_safetensors
    from graphgen.files.safetensors_writer import write_safetensors
    from graphgen.files.sealed import replacing
    from graphgen.files.weights_reader import (
        StoredWeights,
        open_weights,
        read_weights,
        write_weights,
    )
else:
    lazily(__name__)

__all__ = [
    "Journal",
    "Kind",
    "SafetensorsFile",
    "Shard",
    "StoredWeights",
    "atomic_path",
    "claim_file",
    "exclusive",
    "open_safetensors",
    "open_weights",
    "pack",
    "read_document",
    "read_weights",
    "remove_leftovers",
    "replacing",
    "unpack",
    "write_bytes",
    "write_document",
    "write_json",
    "write_rows",
    "write_safetensors",
    "write_shard",
    "write_weights",
]
