"""The compiled kernels: their numbers, and what happens where they cannot be had."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

import graphgen
import metanet
import spec
from graphgen.testing import random_weights
from metanet import kernels
from metanet.kernels import compiler
from metanet.kernels.compiler import BuildError, build
from metanet.kernels.functions import signatures

REALS = {"float": torch.float32, "double": torch.float64}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty cache folder, and a small source in the place of the kernels'."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(compiler.SOURCE / "numbers.h", source)
    text = '#include "numbers.h"\nEXPORT void two(int64_t *to) { *to = 2; }\n'
    (source / "two.c").write_text(text)
    monkeypatch.setattr(compiler, "SOURCE", source)
    kernels._built.cache_clear()
    yield tmp_path / "graph-metanetworks" / "kernels"
    kernels._built.cache_clear()


def silu(states: Tensor, threads: int = 1) -> Tensor:
    """Apply the kernels' SiLU, by messages from and to one node, whose state is zero."""
    library = kernels.library(states)
    assert library is not None, kernels.reason(states.dtype)
    rows, width = states.shape
    fan = torch.ones(2, dtype=torch.float64).view(torch.int64).tolist()
    plan = torch.tensor([0, rows, 0, 0, 0, *fan, 1, rows, 0, 0, 0, 0])
    result, node, none = torch.empty_like(states), states.new_zeros(width), None
    library.send_messages(
        plan, 2, 0, rows, states, none, node, node, node, result, node.clone(), node.clone(), none,
        none, none, width, True, False, threads,
    )  # fmt: skip
    return result


@pytest.mark.parametrize(("dtype", "digits"), [(torch.float32, 6e-7), (torch.float64, 2e-15)])
@pytest.mark.parametrize("width", [1, 3, 16, 17])
def test_an_activation_is_exact_to_a_few_last_places(
    dtype: torch.dtype, digits: float, width: int
) -> None:
    largest = 80 if dtype == torch.float32 else 700
    states = torch.linspace(-largest, largest, 3000 * width, dtype=dtype).view(-1, width)
    wide = states.to(torch.float64)
    expected = wide * torch.special.expit(wide) if largest == 80 else torch.nn.functional.silu(wide)
    assert ((silu(states).double() - expected) / expected).abs().max() < digits
    for threads in (2, 3):
        assert torch.equal(silu(states, threads), silu(states))


def test_activations_of_what_is_not_finite() -> None:
    special = [torch.inf, -torch.inf, torch.nan, 0.0, 1e30, -1e30]
    states = torch.tensor(special).unsqueeze(1)
    actual = silu(states).squeeze(1)
    assert actual[0] == torch.inf
    assert actual[2].isnan()
    assert actual[[3, 4]].tolist() == [0.0, states[4].item()]
    assert actual[5].abs() < 1e-6


def test_a_source_says_what_its_functions_take() -> None:
    found = signatures(compiler.source())
    assert {"send_messages", "send_messages_backward", "inverse_rms"} <= set(found)
    library = build("double")
    with pytest.raises(AttributeError, match="the kernels have no function 'send'"):
        library.send  # noqa: B018


def test_no_compiler_means_torch(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    assert not kernels.available()
    assert kernels.library(torch.zeros(3)) is None
    assert kernels.reason() == "there is no C compiler 'cc' on the PATH"


def test_a_compiler_that_fails_means_torch(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    assert not kernels.available(torch.float64)
    assert "false did not compile the kernels" in kernels.reason(torch.float64)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("printf '\\377\\376' >&2; exit 1", "did not compile the kernels: \ufffd\ufffd"),
        ("printf '\\377\\376'", "did not compile the kernels: .*No such file"),
        ("exec sleep 60", "took more than 0.2 seconds"),
    ],
)
def test_a_compiler_that_is_none_means_torch(
    text: str, reason: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "compiler"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    monkeypatch.setattr(compiler, "SECONDS", 0.2 if "sleep" in text else 60)
    assert not kernels.available()
    assert re.search(reason, kernels.reason()), kernels.reason()


def test_a_compiler_may_be_several_words(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "env LC_ALL=C cc")
    result = torch.zeros(1, dtype=torch.int64)
    build("float").two(result)
    assert result.item() == 2
    monkeypatch.setenv("CC", 'cc "')
    with pytest.raises(
        BuildError, match="CC is 'cc \"', which is no command: No closing quotation"
    ):
        build("float")


def test_a_user_without_a_home_means_torch(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nowhere)
    assert not kernels.available()
    assert kernels.reason() == (
        "there is no cache folder for the kernels: Could not determine home directory."
    )


def test_kernels_may_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernels.available(), kernels.reason()
    assert not kernels.available(torch.bfloat16)
    assert kernels.reason(torch.bfloat16) == "there are none for torch.bfloat16"
    assert kernels.library(torch.zeros(1, device="meta")) is None
    assert kernels.library(torch.zeros(1), torch.zeros(1).double()) is None
    with kernels.off():
        assert not kernels.available()
        assert kernels.reason() == "they are off in this block"
    monkeypatch.setenv("METANET_KERNELS", "0")
    assert not kernels.available()
    assert kernels.reason() == "METANET_KERNELS is 0"


@pytest.mark.parametrize("name", ["gmn", "np_nfn"])
def test_tensors_without_memory_are_left_to_torch(name: str) -> None:
    net = spec.loads("inputs: {x: [2]}\nlayers: [{linear: {out_features: 3}}, relu]")
    weights = random_weights(net, np.random.default_rng(0))
    batch = metanet.Batch.from_graphs(graphgen.compile(net, weights))
    known = {"hidden": 4, "layers": 1} | ({"net": net} if name == "np_nfn" else {})
    model = metanet.make_metanet(name, **known).double()
    with kernels.off():
        expected = model(batch)
    with FakeTensorMode(allow_non_fake_inputs=True):
        shape = model(batch).shape
    assert shape == expected.shape
    assert torch.allclose(model(batch), expected)


def test_what_was_compiled_is_found_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = torch.zeros(1, dtype=torch.int64)
    build("float").two(result)
    assert result.item() == 2
    (path,) = cache.iterdir()
    assert cache.stat().st_mode & 0o777 == 0o700

    def fail(command: list[str]) -> bytes:
        raise AssertionError("it was compiled already")

    monkeypatch.setattr(compiler, "compiled", fail)
    build("float")
    assert list(cache.iterdir()) == [path]


@pytest.mark.parametrize("harm", ["damage", "foreign", "others", "link"])
def test_what_was_not_made_here_is_not_loaded(
    harm: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build("float")
    (path,) = cache.iterdir()
    content = path.read_bytes()
    if harm == "damage":
        path.unlink()  # the process has mapped the old one
        path.write_bytes(content[:1000] + b"?" + content[1001:])
        path.chmod(0o600)
    elif harm == "foreign":
        path.rename(path.with_name(f"{path.stem.split('-')[0]}-{'0' * 32}.so"))
    elif harm == "others":
        path.chmod(0o666)
    else:
        path.rename(tmp_path / "elsewhere.so")
        path.symlink_to(tmp_path / "elsewhere.so")
    made = []
    compiled = compiler.compiled
    monkeypatch.setattr(compiler, "compiled", lambda command: made.append(1) or compiled(command))
    build("float")
    assert made == [1]
    (again,) = cache.iterdir()
    assert compiler.is_own(again)
    assert again.stem == f"{path.stem.split('-')[0]}-{compiler.digest_of(again)}"


def test_a_cache_that_cannot_be_written_means_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(BuildError, match="there is no cache folder for the kernels"):
        build("float")


def test_two_processes_may_compile_at_once(cache: Path) -> None:
    code = (
        "import pathlib; from metanet.kernels import compiler; "
        f"compiler.SOURCE = pathlib.Path({str(compiler.SOURCE)!r}); compiler.build('float')"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert {path.suffix for path in cache.iterdir()} == {".so"}
    assert kernels.available()
