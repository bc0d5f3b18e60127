"""What a shell completes, and the scripts by which it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from pipelines.cli import gmn, main
from spec.layer import LAYERS

NET = "vars: {width: 3}\ninputs: {x: [4]}\nlayers: [{linear: {out_features: $width}}]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "params.yaml").write_text("train: {models: {gmn: {}, statnn: {}}}\n")
    (tmp_path / "other.yaml").write_text("models: {flat: {}}\n")
    return tmp_path


def completed(*words: str) -> tuple[set[str], set[str]]:
    """Complete the last word: the values, and the kinds of paths."""
    found = ShellComplete(gmn, {}, "gmn", "_GMN_COMPLETE").get_completions([*words[:-1]], words[-1])
    names = {each.value for each in found if each.type == "plain"}
    return names, {each.type for each in found if each.type != "plain"}


@pytest.mark.parametrize(
    ("words", "names", "paths"),
    [
        (["comp"], {"compare", "compile", "completion"}, set()),
        (["check", "--val"], {"--values"}, set()),
        (["check", "resn"], {"resnet"}, {"file"}),
        (["check", "net.yaml", ""], set(), {"file"}),
        (["train", "gra"], set(), {"dir"}),
        (["layers", "conv"], {name for name in LAYERS if name.startswith("conv")}, set()),
        (["train", "graphs", "--model", ""], {"gmn", "statnn"}, set()),
        (["train", "graphs", "--params", "other.yaml", "--model", ""], {"flat"}, set()),
        (["check", "net.yaml", "--set", ""], {"width="}, set()),
        (["check", "mlp", "--set", "wid"], {"width="}, set()),
        (["train", "graphs", "--device", "c"], {"cpu", "cuda"}, set()),
        (["compile", "zoo", "--scheduler", "l"], {"local"}, set()),
        (["compile", "zoo", "--kind", "p"], {"parameter"}, set()),
        (["completion", ""], {"bash", "zsh", "fish"}, set()),
        (["train", "graphs", "--params", "none.yaml", "--model", ""], set(), set()),
        (["check", "nowhere.yaml", "--set", ""], set(), set()),
    ],
)
def test_what_is_completed(words: list[str], names: set[str], paths: set[str]) -> None:
    assert completed(*words) == (names, paths)


@pytest.mark.parametrize("text", ["models: [", "- 1\n", "models: 3\n", "\x00"])
def test_settings_that_cannot_be_read_complete_nothing(folder: Path, text: str) -> None:
    (folder / "params.yaml").write_text(text)
    assert completed("train", "graphs", "--model", "") == (set(), set())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_calls_gmn(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", shell])
    assert f"_GMN_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_the_command_answers_a_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_GMN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "gmn symm")
    monkeypatch.setenv("COMP_CWORD", "1")
    main()
    assert capsys.readouterr().out == "plain,symmetries\n"
