"""Runs of several settings in one folder: none is lost, and none is taken for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import PipelineError
from pipelines.evaluation import evaluate
from pipelines.experiment import check_results
from pipelines.results import read_results
from pipelines.runs import loop
from pipelines.runs.checkpoint import epochs_done
from pipelines.runs.collection import collecting, commit, listed_runs, read_missing
from pipelines.training import planning, search, train
from pipelines.training.run import Run
from tests.pipelines.test_of_one_piece import RECIPE, SMALL_GMN, TREES, write

OTHER_GMN = {**SMALL_GMN, "training": {**RECIPE, "learning_rate": 2e-3}}


def planned(folder: Path, graphs: Path, out: Path, models: dict[str, Any], seed: int = 0) -> Run:
    file = write(folder, models, seeds=[seed])
    (run,) = planning.planned(file, graphs, out)[1]
    return run


def stopped(run: Run) -> Run:
    """Let a run stop after its first epoch."""
    real = loop.save_checkpoint

    def save_and_stop(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt), collecting(run.out, [run], replace=True):
            run.execute()
    assert epochs_done(run.work_folder) == 1
    return run


def made(run: Run, replace: bool = False) -> Run:
    with collecting(run.out, [run], replace) as new:
        if not run.finished():
            run.execute()
        commit(new, [run], replace)
    return run


def test_a_stopped_replacement_goes_on(graphs: Path, tmp_path: Path) -> None:
    out = tmp_path / "train"
    first = made(planned(tmp_path, graphs, out, {"g": SMALL_GMN}))
    second = stopped(planned(tmp_path, graphs, out, {"g": OTHER_GMN}))
    assert first.finished()
    with collecting(out, [second], replace=True):
        assert epochs_done(second.work_folder) == 1
    made(second, replace=True)
    assert listed_runs(out)["g-seed0"][1] == second.hash
    assert not first.finished()
    assert {path.name for path in out.iterdir()} == {"g-seed0", "runs.json"}


def test_what_others_have_begun_or_finished_stays_unless_it_may_be_replaced(
    graphs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "train"
    begun = stopped(planned(tmp_path, graphs, out, {"g": OTHER_GMN}))
    first = made(planned(tmp_path, graphs, out, {"g": SMALL_GMN}))
    assert epochs_done(begun.work_folder) == 1  # made by others, and not asked to go
    begun.execute()
    assert begun.finished()
    # Finished, but in the place of another: it takes it only when asked to.
    with collecting(out, [], replace=False) as new:
        commit(new, [begun])
    assert first.finished()
    assert listed_runs(out) == {}
    assert read_missing(out) == ["g-seed0"]
    with pytest.raises(PipelineError, match="--replace"), collecting(out, [begun], replace=False):
        raise AssertionError("refused before work")
    made(begun, replace=True)
    assert listed_runs(out)["g-seed0"][1] == begun.hash


def test_a_damaged_result_is_not_finished(graphs: Path, tmp_path: Path) -> None:
    file = write(tmp_path, {"a": TREES}, seeds=[0])
    (run,) = train(file, graphs, tmp_path / "train", workers=1)
    assert run.finished()
    model = run.folder / "model.safetensors"
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    for damage in (lambda: model.write_bytes(data), model.unlink):
        damage()
        assert not run.finished()
        with pytest.raises(PipelineError, match="or damaged"):
            train(file, graphs, tmp_path / "train", workers=1)
        train(file, graphs, tmp_path / "train", workers=1, replace=True)
        assert run.finished()


def test_seeds_of_two_settings_have_no_mean(graphs: Path, tmp_path: Path) -> None:
    for seed, (name, trees) in enumerate((("one", 3), ("two", 4))):
        model = {"metanet": "statnn", "settings": {"trees": trees, "leaves": 2}}
        file = write(tmp_path, {"a": model}, seeds=[seed])
        train(file, graphs, tmp_path / "all" / name, workers=1)
    with pytest.raises(PipelineError, match=r"two kinds of settings of 'a'"):
        evaluate(tmp_path / "all", graphs, tmp_path / "results")
    # The control: the same settings with two seeds, in two folders.
    file = write(tmp_path, {"a": {**TREES, "settings": {"trees": 3, "leaves": 2}}}, seeds=[1])
    train(file, graphs, tmp_path / "all" / "two", workers=1, replace=True)
    assert evaluate(tmp_path / "all", graphs, tmp_path / "results")["a"]["seeds"] == 2


def test_stages_do_not_take_the_place_of_one_another(graphs: Path, tmp_path: Path) -> None:
    model = {"metanet": "statnn", "settings": {"trees": {"choice": [3, 4]}, "leaves": 2}}
    file = write(tmp_path, {"a": model, "b": model}, seeds=[0], search={"trials": 1})
    search(file, graphs, tmp_path / "search", workers=1, only="a")
    search(file, graphs, tmp_path / "search", workers=1, only="b")
    for only in ("a", "b"):  # one does not drop what was chosen for the other
        train(file, graphs, tmp_path / "train", workers=1, only=only, choices=tmp_path / "search")
    assert set(listed_runs(tmp_path / "train")) == {"a-seed0", "b-seed0"}
    with pytest.raises(PipelineError, match="holds the runs of `gmn search`"):
        train(file, graphs, tmp_path / "search", only="a", choices=tmp_path / "search")
    with pytest.raises(PipelineError, match="holds the runs of `gmn train`"):
        search(file, graphs, tmp_path / "train", workers=1, replace=True)


def test_a_report_is_of_all_runs_and_of_what_they_wrote(graphs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "train"
    file = write(tmp_path, {"g": SMALL_GMN}, seeds=[0])
    (run,) = train(file, graphs, out, workers=1)
    evaluate(out, graphs, tmp_path / "out" / "results")
    hash_ = run.graphs_hash
    _, written = check_results(tmp_path, hash_)["g-seed0"]
    assert written is not None
    assert written.name == "history.csv"
    history = run.folder / "history.csv"
    intact = history.read_bytes()
    history.write_bytes(intact.replace(b"0.", b"123.", 1))
    with pytest.raises(Exception, match=r"history\.csv: changed or damaged"):
        check_results(tmp_path, hash_)
    history.write_bytes(intact)
    train(write(tmp_path, {"g": SMALL_GMN, "a": TREES}, seeds=[0]), graphs, out, workers=1)
    with pytest.raises(PipelineError, match="a-seed0: trained again, trained newly or removed"):
        check_results(tmp_path, hash_)


def test_what_was_not_trained_to_the_end_is_told(graphs: Path, tmp_path: Path) -> None:
    out = tmp_path / "train"
    file = write(tmp_path, {"a": TREES, "b": TREES}, seeds=[0])
    train(file, graphs, out, workers=1, only="a")
    assert read_missing(out) == ["b-seed0"]
    evaluate(out, graphs, tmp_path / "results")
    assert read_results(tmp_path / "results")["of"]["missing"] == ["b-seed0"]
    train(file, graphs, out, workers=1)
    evaluate(out, graphs, tmp_path / "results", replace=True)
    assert read_results(tmp_path / "results")["of"]["missing"] == []
