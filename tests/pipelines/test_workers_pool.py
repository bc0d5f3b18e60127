"""The pool: results, deaths of workers, and ends. Calls are of built-ins, which workers know."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import PipelineError
from pipelines.workers import ProcessPool, WorkerDied, run_all

KILL = "__import__('os').kill(__import__('os').getpid(), 9)"
PID = "__import__('os').getpid()"


def dying(file: Path, times: int) -> str:
    """An expression that kills its process the first times it is evaluated."""
    return (
        f"open({str(file)!r}, 'a').write('x') and "
        f"(__import__('os').path.getsize({str(file)!r}) > {times} or {KILL})"
    )


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    with ProcessPool(2) as pool:
        yield pool


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_calls_run_in_other_processes(pool: ProcessPool) -> None:
    pids = {pool.submit(eval, PID).result() for _ in range(4)}
    assert os.getpid() not in pids
    assert list(pool.map(divmod, [7, 8], [4, 5])) == [(1, 3), (1, 3)]
    assert pool.submit(int, "12", base=3).result() == 5


def test_an_error_keeps_its_type_and_its_traceback(pool: ProcessPool) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        pool.submit(divmod, 1, 0).result()
    assert "Traceback" in caught.value.__notes__[0]
    assert pool.submit(abs, -1).result() == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("(_ for _ in ()).throw(type('Odd', (Exception,), {})('why'))", "Odd: why"),
        ("lambda: 0", "pickle"),
    ],
)
def test_what_cannot_be_sent_back_is_an_error_of_its_call(
    pool: ProcessPool, call: str, message: str
) -> None:
    with pytest.raises(Exception, match=message) as caught:
        pool.submit(eval, call).result()
    assert not isinstance(caught.value, WorkerDied)
    assert pool.submit(abs, -1).result() == 1


def test_a_worker_has_one_thread_and_leaves_ctrl_c_to_its_parent(pool: ProcessPool) -> None:
    assert pool.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
    pid = pool.submit(eval, PID).result()
    server = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    for process in (pid, server):
        os.kill(process, signal.SIGINT)
    assert pool.submit(abs, -1).result() == 1
    assert not gone(pid)


def test_only_the_call_of_a_dead_worker_fails(pool: ProcessPool) -> None:
    slow = pool.submit(eval, "__import__('time').sleep(0.3) or 5")
    with pytest.raises(WorkerDied, match="of the signal SIGKILL"):
        pool.submit(eval, KILL).result()
    with pytest.raises(WorkerDied, match="with exit code 3"):
        pool.submit(os._exit, 3).result()
    assert slow.result() == 5
    assert pool.submit(abs, -1).result() == 1


def test_a_worker_that_died_idle_is_replaced() -> None:
    with ProcessPool(1) as pool:
        os.kill(pool.submit(eval, PID).result(), 9)
        results = run_all(pool, abs, [(-1,), (-2,)], 1)
        assert list(results) == [1, 2]


def test_leaving_by_an_error_kills_what_runs() -> None:
    began = time.monotonic()
    pool = ProcessPool(2)
    pid = pool.submit(eval, PID).result()
    calls = [pool.submit(time.sleep, 60) for _ in range(4)]
    time.sleep(0.2)
    with pytest.raises(KeyError), pool:
        raise KeyError
    assert time.monotonic() - began < 20
    assert gone(pid)
    assert all(call.done() for call in calls)


def test_leaving_in_peace_waits_for_what_runs() -> None:
    with ProcessPool(1) as pool:
        pid = pool.submit(eval, PID).result()
        call = pool.submit(eval, "__import__('time').sleep(0.2) or 5")
    assert call.result() == 5
    assert gone(pid)


def test_a_call_whose_worker_dies_twice_is_done_the_third_time(
    pool: ProcessPool, tmp_path: Path
) -> None:
    calls = [("1",), (dying(tmp_path / "count", 2),), ("2",)]
    assert sorted(run_all(pool, eval, calls, 2)) == [True, 1, 2]
    assert (tmp_path / "count").read_text() == "xxx"


def test_a_call_whose_worker_dies_three_times_is_named(pool: ProcessPool, tmp_path: Path) -> None:
    calls = [("1",), (dying(tmp_path / "count", 3),), ("2",)]
    message = "network 7: given up after 3 attempts: .* signal SIGKILL; .*fewer workers"
    with pytest.raises(PipelineError, match=message):
        list(run_all(pool, eval, calls, 2, lambda call: "network 7"))
    assert (tmp_path / "count").read_text() == "xxx"


def test_an_error_of_a_call_is_not_retried(pool: ProcessPool) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(run_all(pool, int, [("x",)], 1))
