"""Mutations of journals whose frames keep right hashes, so that what they hold is looked at."""

from __future__ import annotations

import hashlib
import random

from fuzz.json_mutations import change, load

MAGIC, FRAME = b"GMNJRNL1", b"FRAM"
HEADER = 44


def change_journal(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Change one record of a journal, or their order; say what was done."""
    records = records_of(data)
    if not records:
        return "one record of nothing", joined([b""])
    at = rng.randrange(len(records))
    action = rng.choice(
        ("edit", "edit", "edit", "edit", "drop", "double", "first", "junk", "length")
    )
    if action == "edit":
        words, records[at] = edited(records[at], rng)
    elif action == "drop":
        del records[at]
        words = "dropped"
    elif action == "double":
        records.append(records[at])
        words = "doubled"
    elif action == "first":
        records.insert(0, records.pop(at))
        words = "put first"
    elif action == "junk":
        records[at] = rng.choice((b"", b"{}", b"[1]", b"\x00" * 40, rng.randbytes(60), b"1e999"))
        words = f"replaced by {records[at][:8]!r}"
    else:
        whole = joined(records)
        place = len(joined(records[:at])) + len(FRAME)
        huge = rng.choice((2**63 - 1, 2**64 - 1, 2**40, 0)).to_bytes(8, "little")
        return f"record {at}: another length", whole[:place] + huge + whole[place + 8 :]
    return f"record {at}: {words}", joined(records)


def edited(record: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Change a record of JSON, or one of a header in JSON and arrays."""
    if record[:1] in (b"{", b"["):
        return change(load(record), rng)
    length = int.from_bytes(record[:8], "little")
    words, header = change(load(record[8 : 8 + length]), rng)
    said = len(header) if rng.random() < 0.9 else rng.choice((0, 2**63, len(header) + 1))
    return words, said.to_bytes(8, "little") + header + record[8 + length :]


def records_of(data: bytes) -> list[bytes]:
    """List the records of a journal that is whole; `ValueError` for anything else."""
    if data[:8] != MAGIC:
        raise ValueError("no journal")
    place, found = len(MAGIC), []
    while place < len(data):
        if data[place : place + 4] != FRAME:
            raise ValueError("a broken frame")
        length = int.from_bytes(data[place + 4 : place + 12], "little")
        found.append(data[place + HEADER : place + HEADER + length])
        place += HEADER + length
    return found


def joined(records: list[bytes]) -> bytes:
    """Write a journal."""
    return MAGIC + b"".join(
        FRAME + length + hashlib.sha256(length + record).digest() + record
        for record in records
        for length in (len(record).to_bytes(8, "little"),)
    )
