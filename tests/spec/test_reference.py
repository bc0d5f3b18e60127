"""Reference networks by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import spec
from spec.reference import FOLDER


def test_names_are_those_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = sorted(str(p.relative_to(FOLDER))[:-5] for p in FOLDER.rglob("*.yaml"))
    assert sorted([*spec.names(), *spec.names(published=True)]) == files
    assert "cnn" in spec.names()
    assert spec.load("cnn", width=4).hash == spec.load(FOLDER / "cnn.yaml", width=4).hash
    published = spec.load("published/lenet5")
    assert published.hash == spec.load(FOLDER / "published" / "lenet5.yaml").hash


def test_a_file_goes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cnn").write_text("inputs: {x: [3]}\nlayers: [relu]")
    assert [layer.type for layer in spec.load("cnn").layers] == ["relu"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cn", "cn: there is no such file, and no reference network of this name; did you mean"),
        ("published/klip", "did you mean 'published/clip'"),
        ("zzzzzzzz", "known: albert, bert, cnn"),
        ("a/b", "a/b: cannot read the file"),
        ("published/a/b", "cannot read the file"),
        ("../nets/cnn", "cannot read the file"),
        ("cnn.yaml", r"cnn\.yaml: cannot read the file"),
        ("", "cannot read the file"),
        ("a\0b", "cannot read the file"),
    ],
)
def test_what_is_neither(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(spec.SpecError, match=message):
        spec.load(name)
