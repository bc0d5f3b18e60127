"""The Small CNN Zoo (Unterthiner et al. 2020): `weights.npy`, `metrics.csv.gz` and `layout.csv`.

A row of the matrix holds a CNN's tensors one after the other, at the places and of the shapes that
the layout has; the row of the metrics of the same number says how the CNN was trained and how good
it is. The CNNs of one run follow each other: they share their `modeldir`, and `step` is the epoch.
"""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PipelineError
from pipelines.published.architectures import architecture
from pipelines.published.folders import found_file, identity, inside, read_table, read_text
from pipelines.published.network_set import NetworkSet, StoredNetwork, finite, fitted
from pipelines.zoo.fields import Field, text, word

OPTIONS: Mapping[str, Field] = {
    "checkpoints": Field(word(["last", "all"]), "last"),
    "split": Field(text, None),
}
PAPER = "Unterthiner et al. 2020"
WEIGHTS, METRICS, LAYOUT = "weights.npy", "metrics.csv.gz", "layout.csv"
SCORES = ("test_accuracy", "test_loss", "train_accuracy", "train_loss")
WORDS = {"optimizer": "config.optimizer", "w_init": "config.w_init", "b_init": "config.b_init"}
NUMBERS = {
    "learning_rate": "config.learning_rate",
    "train_fraction": "config.train_fraction",
    "dropout": "config.dropout",
    "l2reg": "config.l2reg",
    "init_std": "config.init_std",
}
TOLD = ("modeldir", "step", "config.activation", "config.dataset")
COLUMNS = (*TOLD, *SCORES, *WORDS.values(), *NUMBERS.values())
SIZES = {"mnist": 28, "fashion_mnist": 28, "cifar10": 32, "svhn_cropped": 32}
"""The height and width of the images; all are grey."""
MOST_VALUES = 10**6
_SHAPE = re.compile(r"\(\s*([0-9]{1,6}(?:\s*,\s*[0-9]{1,6}){0,3})\s*,?\s*\)", re.ASCII)
_CHECKPOINT = re.compile(r"/permanent_ckpt-[0-9]+/?\Z")

Layout = Mapping[str, tuple[int, int, tuple[int, ...]]]


class SmallCnnZoo(NetworkSet):
    """One of the four matrices; a handle is the number of a row."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.folder = folder
        matrix, metrics, layout = (
            found_file(folder, name, "the Small CNN Zoo") for name in (WEIGHTS, METRICS, LAYOUT)
        )
        self._layout = read_layout(layout)
        self._weights = read_matrix(matrix, max(end for _, end, _ in self._layout.values()))
        self._rows = read_metrics(metrics, len(self._weights))
        last = max(int(row[1]) for row in self._rows)
        self._splits: dict[int, str] = {}
        texts = [metrics, layout]
        if options["split"] is not None:
            order = Path(options["split"])
            self._splits = read_split(order, self._rows, last)
            texts.append(order)
        self.networks: Sequence[Sequence[int]] = (
            runs_of(self._rows, metrics)
            if options["checkpoints"] == "all"
            else [[number] for number, row in enumerate(self._rows) if int(row[1]) == last]
        )
        if self._splits:
            self.networks = [run for run in self.networks if run[-1] in self._splits]
        self._last = {row: run[-1] for run in self.networks for row in run}
        self.source = identity(folder, [matrix], texts)

    def read(self, handle: int) -> StoredNetwork:
        """Read the CNN of a row, whose tensors are views of the mapped matrix."""
        row = dict(zip(COLUMNS, self._rows[handle], strict=True))
        place = f"{self.folder / METRICS}: row {handle}"
        if row["config.dataset"] not in SIZES:
            raise PipelineError(
                f"{place}: config.dataset is {row['config.dataset']!r:.80}, expected one of "
                f"{', '.join(SIZES)}"
            )
        flat = self._weights[handle]
        stored = {
            name: flat[start:end].reshape(shape)
            for name, (start, end, shape) in self._layout.items()
        }
        variables = {"activation": row["config.activation"], "size": SIZES[row["config.dataset"]]}
        net = architecture("small_cnn_zoo", variables, place)
        split = self._splits.get(self._last[handle])
        return StoredNetwork(
            family="small_cnn_zoo",
            net=net,
            weights=fitted(net, stored, f"{self.folder / WEIGHTS}: row {handle}"),
            source=f"{WEIGHTS}, row {handle}",
            variables=variables,
            training={
                "dataset": row["config.dataset"],
                "epochs": int(row["step"]),
                **{name: row[column] for name, column in WORDS.items()},
                **{name: finite(row[column]) for name, column in NUMBERS.items()},
            },
            metrics={name: finite(row[name]) for name in SCORES},
            about={} if split is None else {"split": split},
        )


def read_layout(path: Path) -> Layout:
    """Read where each tensor of a row is, and its shape; they cover the row without a gap."""
    layout: dict[str, tuple[int, int, tuple[int, ...]]] = {}
    for name, start, end, shape in read_table(path, ("varname", "start_idx", "end_idx", "shape")):
        match = _SHAPE.fullmatch(shape.strip())
        sizes = tuple(int(size) for size in match[1].split(",")) if match else ()
        begin, behind = (int(x) if re.fullmatch("[0-9]{1,9}", x) else -1 for x in (start, end))
        if not match or begin < 0 or behind - begin != math.prod(sizes) or name in layout:
            raise PipelineError(
                f"{path}: {name[:80]!r} from {start[:20]} to {end[:20]} of the shape {shape[:60]}; "
                "expected as many values as the shape has, of each tensor once"
            )
        layout[name] = begin, behind, sizes
    position = 0
    for begin, behind, _ in sorted(layout.values()):
        if begin != position:
            raise PipelineError(f"{path}: values {position} to {begin} are of no tensor, or of two")
        position = behind
    if not 0 < position <= MOST_VALUES:
        raise PipelineError(f"{path}: has {position} values, expected 1 to {MOST_VALUES}")
    return layout


def read_matrix(path: Path, width: int) -> NDArray[Any]:
    """Map the matrix of weights, a row for each network; nothing of it is read yet."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, OSError, EOFError, SyntaxError, TypeError, OverflowError) as error:
        raise PipelineError(
            f"{path}: no intact .npy file of numbers ({error!s:.160}); unpack the archive again"
        ) from None
    if array.ndim != 2 or array.dtype.kind != "f":
        raise PipelineError(
            f"{path}: is {array.dtype} {list(array.shape)}, expected a matrix of floating-point "
            "numbers"
        )
    if array.shape[1] != width or not len(array):
        raise PipelineError(
            f"{path}: has {len(array)} rows of {array.shape[1]} values, but {LAYOUT} has {width}"
        )
    if not array.dtype.isnative or array.dtype.itemsize > 8:
        raise PipelineError(f"{path}: has the dtype {array.dtype}, expected float32 or the like")
    return array


def read_metrics(path: Path, count: int) -> list[tuple[str, ...]]:
    """Read the rows of metrics, as many as the matrix has; equal words are kept once."""
    rows: list[tuple[str, ...]] = []
    for row in read_table(path, COLUMNS):
        if len(rows) == count:
            raise PipelineError(f"{path}: has more than the {count} rows of {WEIGHTS}")
        if not re.fullmatch("[0-9]{1,6}", row[1]):
            raise PipelineError(f"{path}: row {len(rows)}: `step` is {row[1]!r:.80}, no epoch")
        rows.append(tuple(map(sys.intern, row)))
    if len(rows) != count:
        raise PipelineError(f"{path}: has {len(rows)} rows, but {WEIGHTS} has {count}")
    return rows


def runs_of(rows: Sequence[tuple[str, ...]], place: Path) -> list[list[int]]:
    """List the rows of each run, in the order of its epochs, of which it has each once."""
    runs: dict[str, list[int]] = {}
    for number, (modeldir, *_) in enumerate(rows):
        runs.setdefault(_CHECKPOINT.sub("", modeldir.rstrip("/")), []).append(number)
    ordered = [sorted(run, key=lambda number: int(rows[number][1])) for run in runs.values()]
    for run in ordered:
        for before, after in pairwise(run):
            if rows[before][1] == rows[after][1]:
                raise PipelineError(
                    f"{place}: rows {before} and {after} are epoch {rows[after][1]} of one "
                    "`modeldir`, so that runs cannot be told apart; take `checkpoints: last`"
                )
    return ordered


def read_split(path: Path, rows: Sequence[tuple[str, ...]], last: int) -> dict[int, str]:
    """Split the rows of the last epoch as Zhou et al. 2023 do, by their file of shuffled numbers.

    The second half of what is left, in the file's order, is for tests; of the first, shuffled by
    Python's generator with seed 0, four fifths for training. A first line more than there are rows
    is a header.
    """
    lines = read_text(inside(path.parent, path)).split()
    if not all(re.fullmatch("[0-9]{1,9}", line) for line in lines):
        raise PipelineError(f"{path}: expected a number of a row in each line")
    order = [int(line) for line in lines[1 if len(lines) == len(rows) + 1 else 0 :]]
    if sorted(order) != list(range(len(rows))):
        raise PipelineError(
            f"{path}: expected each of the numbers 0 to {len(rows) - 1} once; is it of this "
            "collection?"
        )
    ended = [number for number in order if int(rows[number][1]) == last]
    half = len(ended) // 2
    first = list(range(half))
    random.Random(0).shuffle(first)
    cut = int(0.8 * half)
    return dict(_named(ended, first[:cut], first[cut:], half))


def _named(
    ended: list[int], train: list[int], validation: list[int], half: int
) -> Iterator[tuple[int, str]]:
    yield from ((ended[i], "train") for i in train)
    yield from ((ended[i], "validation") for i in validation)
    yield from ((number, "test") for number in ended[half:])
