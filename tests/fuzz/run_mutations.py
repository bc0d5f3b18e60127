"""Mutations of runs and graph sets: hostile settings, arrays and tables, under hashes that fit."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from fuzz.folder_mutations import mutate as mutate_plainly
from fuzz.folder_mutations import reseal
from fuzz.json_mutations import DEEP, sealed, text
from fuzz.rule import Outcome

from graphgen import GraphError
from graphgen.files import open_safetensors, write_safetensors
from pipelines.runs.checkpoint import content_hash

GIGANTIC = {
    "inputs": {"x": [2]},
    "layers": [{"linear": {"out_features": 2**40}}, {"linear": {"out_features": 2**20}}],
}
OPTIONS: dict[str, tuple[Any, ...]] = {
    "hidden": (60_000, 65_536, 5),
    "layers": (10**18, 1000, 2),
    "members": (1024, 3),
    "heads": (1024, 3),
    "outputs": (65_536, 2),
    "probes": (65_536, 4),
    "kernel_taps": (256,),
    "conditions": (65_536,),
    "trees": (10_000, 1),
    "leaves": (65_536,),
    "classes": (2, 7, 65_536),
    "dropout": (1, 0.999),
    "readout": (["mean", "mean"], ["quantiles"]),
    "net": (GIGANTIC, None, {"inputs": {}}, "/etc/passwd"),
}
LEARNED: dict[str, tuple[Any, ...]] = {
    "loss": ("cross_entropy", "squared_error", "auto"),
    "mean": (1e308, -1e308, 10**400),
    "deviation": (1e308, 5e-324, 10**400),
    "classes": (["a", "b", "c"] * 50, [1, 1], [0.5, True], ["\ud800", "b"]),
    "readout": ([[1.0]], [[]], [[1], [1, 2]], [[1e308] * 2] * 3, [[10**400]]),
    "target": ("labels.no", "x" * 9000, ["a"] * 40, "\ud800"),
}
TASK: dict[str, tuple[Any, ...]] = {
    "task": ("regression", "classification", "editing", "embedding"),
    "target": ("labels.no", "log10 labels.size", "labels.class", ["labels.size"], "x" * 9000),
    "loss": ("auto", "cross_entropy", "squared_error", "none"),
    "edit": ("dilation", "contrast"),
    "dimensions": (10**18, 3),
    "temperature": (1e-320, 1e308),
    "points_per_step": (10**18,),
    "auxiliary": ({"labels.class": 1e308}, {"labels.no": 1}),
    "views": ({"noise": 1e308}, {"mask": 0.5}, DEEP),
}
PLACES = {"settings": OPTIONS, "learned": LEARNED, "task": TASK}
NUMBERS = ("nan", "inf", "-inf", "1e400", "-1", "", "x", "9" * 5000, "1_0", "\u0663", "\x00", '"')
SIZES = ((), (0,), (1,), (3,), (2, 2), (1, 0, 5))
DTYPES = (
    *(np.float64, np.float32, np.float16, ml_dtypes.bfloat16),
    *(np.int64, np.int8, np.uint64, np.bool_),
)


def mutate(folder: Path, rng: random.Random, which: str = "*") -> str:
    """Change something in a folder of runs, graphs or results; say what, in words."""
    if rng.random() < 0.4:
        return mutate_plainly(folder, rng, which)
    for _ in range(30):
        files = sorted(p for p in folder.rglob(which) if p.is_file() and not p.is_symlink())
        path = rng.choice(files) if files else None
        change = CHANGES.get(path.suffix) if path else None
        if path is None or change is None:
            continue
        before = path.read_bytes()
        # What an earlier mutation has damaged is changed no further.
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, GraphError):
            words = change(path, rng)
            if words:
                reseal(folder, before, path.read_bytes())
                return f"{path.relative_to(folder)}: {words}"
    return mutate_plainly(folder, rng, which)


def unkept(outcome: Outcome) -> list[str]:
    """Give the ways in which a command broke the rule.

    A model that diverges is named by model, seed and option, and leaves what it had reached.
    """
    diverged = "lower `learning_rate`" in outcome.error
    known = ("it names neither", "it left .") if diverged else ()
    return [words for words in outcome.broken if not words.startswith(known)]


def hostile_settings(path: Path, rng: random.Random) -> str:
    """Change what a run says of its model, its task or what it learned."""
    data = json.loads(path.read_bytes())
    if path.name == "index.json":
        return hostile_index(path, data, rng)
    section = rng.choice(list(PLACES))
    known = [name for name in PLACES[section] if name in data[section]]
    names = known if known and rng.random() < 0.8 else list(PLACES[section])
    name = rng.choice(names)
    value = rng.choice(PLACES[section][name])
    data[section][name] = value
    path.write_bytes(sealed(text(data, rng.choice((40, 90)))))
    return f"{section}.{name} set to {str(value)[:40]}"


def hostile_index(path: Path, data: Any, rng: random.Random) -> str:
    """Change what a graph set says of all networks, or of some of them."""
    about, networks = data["about"], data["networks"]
    kind = rng.choice(("signals", "dtype", "records", "records", "target", "networks", "split"))
    chosen = rng.sample(networks, rng.choice((1, 1, len(networks) // 2, len(networks))))
    if kind == "signals":
        value: Any = rng.choice(
            (
                {"name": "solids", "seed": 0},
                {"name": "solids", "seed": 0, "points": 2**24, "near_surface": 0.5},
                {"name": "sine_waves", "seed": 0, "amplitude": [0, 1], "frequency": [0, 1],
                 "points": 2**24},
                {"name": "../digits", "seed": 0}, {"name": "mnist", "seed": 0},
                {"name": "digits", "seed": 2**53}, {"name": ["digits"], "seed": 0},
            )
        )  # fmt: skip
        about["signals"] = value
    elif kind == "dtype":
        data["dtype"] = value = rng.choice(("float16", "bfloat16", "float64"))
    elif kind == "records":
        field = rng.choice(("signal", "offset", "labels", "metrics", "index", "network", "family"))
        value = (field, rng.choice((None, 10**15, 1e308, {}, {"size": {}}, "x", -1, 10**400)))
        for record in chosen:
            record[field] = value[1]
    elif kind == "target":
        value = rng.choice((1e308, -1e308, 10**400, 0, True, "x", None, [1], 5e-324))
        for record in chosen:
            record["labels"] = {"size": value, "class": value}
    elif kind == "networks":
        value = rng.choice((0, 1, 3))
        data["networks"] = networks[:value]
    else:
        value = rng.choice(("train", "test", "wider", "", "x" * 300))
        for record in chosen:
            record["split"] = value
    path.write_bytes(sealed(json.dumps(data, sort_keys=True).encode()))
    return f"{kind} set to {str(value)[:60]}"


def hostile_arrays(path: Path, rng: random.Random) -> str:
    """Give a file other arrays: of other shapes, dtypes, names or values."""
    file = open_safetensors(path)
    arrays = {name: np.array(array) for name, array in file.items()}
    metadata = dict(file.metadata)
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    kind = rng.choice(("values", "values", "dtype", "dtype", "shape", "drop", "add", "all"))
    if kind == "values" and array.size:
        flat = array.reshape(-1)
        place = rng.randrange(flat.size)
        integers = {"i": -1, "u": 1}
        value = integers.get(flat.dtype.kind, rng.choice((np.nan, np.inf, 3e38, 0.0)))
        flat[place] = value
        array, kind = flat.reshape(array.shape), f"{value} in"
        arrays[name] = array
    elif kind == "dtype":
        dtype: Any = rng.choice(DTYPES)
        with np.errstate(all="ignore"):
            arrays[name] = array.astype(dtype)
        kind = f"{np.dtype(dtype)} for"
    elif kind == "all":
        dtype = rng.choice(DTYPES[:4])
        arrays = {
            # A column of a shard is named by its dtype.
            key.replace(str(one.dtype), str(np.dtype(dtype))): one.astype(dtype)
            if one.dtype.kind in "fV"
            else one
            for key, one in arrays.items()
        }
        kind = f"{np.dtype(dtype)} everywhere, as in"
    elif kind == "drop":
        del arrays[name]
    elif kind == "add":
        arrays[rng.choice(("extra", f"{name}.more", "optimizer.0.step", "\ud7ff"))] = array
    else:
        shape = rng.choice(SIZES)
        arrays[name] = np.resize(array, shape)
        kind = f"{shape} for"
    if "sha256" in metadata:
        about = {key: value for key, value in metadata.items() if key != "sha256"}
        if rng.random() < 0.4:
            field = rng.choice(("history", "epoch", "run"))
            about[field] = rng.choice(("[]", "null", "3", "-1", "1e400", "[" * 5000, "{}", "[{}]"))
            kind = f"{field} {about[field][:9]} and {kind}"
        metadata = {**about, "sha256": content_hash(arrays, about)}
    write_safetensors(path, arrays, metadata)
    return f"{kind} {name}"


def hostile_table(path: Path, rng: random.Random) -> str:
    """Change cells, rows or columns of a table."""
    try:
        rows = list(csv.reader(io.StringIO(path.read_text())))
    except (csv.Error, UnicodeDecodeError):
        return "left, for an earlier change made it no table"
    kind = rng.choice(("cell", "cell", "cell", "column", "row", "header", "empty", "many"))
    row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    if kind == "cell":
        value = rng.choice(NUMBERS)
        for number in rng.choice(((row,), range(1, len(rows)))):
            rows[number][column:] = [value, *rows[number][column + 1 :]]
        kind = f"{value[:9]!r} as column {column} of"
    elif kind == "column":
        rows = [own[:column] + own[column + 1 :] for own in rows]
    elif kind == "row":
        rows[row] = rng.choice(([], rows[row][:2], rows[row] + ["more"] * 3))
    elif kind == "header":
        rows[0][column] = rng.choice(("", "x", rows[0][0], "true labels.size"))
    elif kind == "empty":
        rows = rng.choice(([], rows[:1], rows[:2]))
    else:
        rows += [[f"m{i}-{i}", *rows[-1][1:]] for i in range(50)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue())
    return f"{kind} a table"


Change = Callable[[Path, random.Random], str]
CHANGES: dict[str, Change] = {
    ".json": hostile_settings,
    ".safetensors": hostile_arrays,
    ".csv": hostile_table,
}
