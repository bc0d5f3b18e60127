"""Files of PyTorch as plain data: what classes would make is told of, and no class is made."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import pathlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphgen.errors import GraphError
from graphgen.files.torch_data import Described, read_torch_data


@dataclasses.dataclass
class Settings:
    widths: list[int]
    inner: Any = None


class Word(enum.Enum):
    ONE = 1


def test_plain_data_are_what_torch_gives(tmp_path: Path) -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    data = {
        "model": collections.OrderedDict(weight=tensor, tied=tensor, half=tensor.bfloat16()),
        "numpy": [np.int64(-3), np.float32(0.25), np.bool_(True)],
        "list": [1, 2.5, "word", None, True, (3, 4), {"a": b"bytes"}], 7: {1, 2},
    }  # fmt: skip
    torch.save(data, tmp_path / "file.pt")
    found = read_torch_data(tmp_path / "file.pt")
    assert found["list"] == [1, 2.5, "word", None, True, (3, 4), {"a": b"bytes"}]
    assert sorted(found[7]) == [1, 2]
    assert found["numpy"] == [-3, 0.25, True]
    assert [type(number) for number in found["numpy"]] == [int, float, bool]
    assert np.array_equal(found["model"]["weight"], tensor.numpy())
    assert found["model"]["tied"] is not None
    assert str(found["model"]["half"].dtype) == "bfloat16"
    assert not found["model"]["weight"].flags.writeable


def test_objects_are_told_of(tmp_path: Path) -> None:
    inner = Settings([1])
    one = Settings([2, 3], {"again": inner, "path": pathlib.PurePosixPath("a/b")})
    inner.inner = one  # each knows the other
    data = {
        "one": one, "type": Settings, "word": Word.ONE, "date": datetime.date(2020, 1, 2),
        "default": collections.defaultdict(list, a=[1]), "tensor": torch.ones(2),
    }  # fmt: skip
    torch.save(data, tmp_path / "file.pt")
    found = read_torch_data(tmp_path / "file.pt")
    name = f"{Settings.__module__}.Settings"
    assert found["one"].name == name
    assert found["one"].state["widths"] == [2, 3]
    assert found["one"].state["inner"]["again"].state["widths"] == [1]
    assert found["one"].state["inner"]["again"].state["inner"] == Described(name)
    assert found["one"].state["inner"]["path"].arguments == ("a", "b")
    assert found["type"] == Described(name)
    assert found["word"].arguments == (1,)
    assert found["default"] == {"a": [1]}
    assert np.array_equal(found["tensor"], np.ones(2))


def test_nothing_of_a_file_runs(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    code = f"open({str(touched)!r}, 'w').close()"

    class Called:
        def __reduce__(self) -> Any:
            return exec, (code,)

    torch.save({"a": Called(), "b": torch.ones(1)}, tmp_path / "file.pt")
    torch.load(tmp_path / "file.pt", weights_only=False)
    assert touched.exists()  # the control: it does run
    touched.unlink()
    # A library may have declared it to be harmless, in files of its own.
    with torch.serialization.safe_globals([exec]):
        before = torch.serialization.get_safe_globals()
        found = read_torch_data(tmp_path / "file.pt")
        assert set(torch.serialization.get_safe_globals()) == set(before)
    assert (found["a"].name, found["a"].arguments) == ("builtins.exec", (code,))
    assert not touched.exists()


def test_data_that_share_or_nest_much_end(tmp_path: Path) -> None:
    shared: Any = ["x"]
    for _ in range(40):
        shared = [shared, shared]
    torch.save(shared, tmp_path / "shared.pt")
    assert len(read_torch_data(tmp_path / "shared.pt")) == 2
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    torch.save(deep, tmp_path / "deep.pt")
    with pytest.raises(GraphError, match="nested deeper"):
        read_torch_data(tmp_path / "deep.pt")


def told(path: Path) -> str | None:
    """Read a file, and give what is said of it if it is refused."""
    try:
        read_torch_data(path)
    except GraphError as error:
        return str(error)
    return None


def test_damaged_files_are_told(tmp_path: Path) -> None:
    torch.save({"one": Settings([1]), "t": torch.ones(50)}, tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    rng = random.Random(0)
    path = tmp_path / "file.pt"
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        if rng.random() < 0.3:
            data = data[: rng.randrange(len(data))]
        path.write_bytes(bytes(data))
        said = told(path)
        refused += said is not None
        assert said is None or "file.pt" in said
    assert refused > 200
