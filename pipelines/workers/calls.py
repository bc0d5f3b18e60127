"""Calls: many of one function, their results as they are ready, and those of dead workers again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

from pipelines.errors import PipelineError

ATTEMPTS = 3


def run_all(
    executor: Executor,
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    ahead: int,
    describe: Callable[[tuple[Any, ...]], str] = str,
) -> Iterator[Any]:
    """Yield the results of `function(*call)` for all calls, in the order in which they are ready.

    Calls begin in the order given, at most `ahead` of them before the first is ready. One whose
    worker died is begun again; after the third time it is a `PipelineError` that names it by
    `describe`.
    """
    for _, done in outcomes(executor, function, calls, ahead, describe):
        yield done.result()


def run_in_order(
    executor: Executor,
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    ahead: int,
    describe: Callable[[tuple[Any, ...]], str] = str,
) -> Iterator[Any]:
    """Yield the results as `run_all` does, in the order of the calls.

    No call begins before what is `2 * ahead` calls earlier is ready, so not many results wait.
    """
    ready: dict[int, Any] = {}
    following = 0
    for number, done in outcomes(executor, function, calls, ahead, describe, 2 * ahead):
        ready[number] = done.result()
        while following in ready:
            yield ready.pop(following)
            following += 1


def outcomes(
    executor: Executor,
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    ahead: int,
    describe: Callable[[tuple[Any, ...]], str] = str,
    span: int | None = None,
) -> Iterator[tuple[int, Future[Any]]]:
    """Yield the number of each call and its future, which is done, as `run_all` its results.

    With a `span`, only calls begin that are less than so many after the first that is not ready.
    """
    waiting = list(reversed(range(len(calls))))
    attempts = dict.fromkeys(waiting, 0)
    running: dict[Future[Any], int] = {}
    while waiting or running:
        while waiting and len(running) < ahead:
            number = waiting[-1]
            if span is not None and running and number >= min(running.values()) + span:
                break
            attempts[number] += 1
            running[executor.submit(function, *calls[waiting.pop()])] = number
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            number = running.pop(future)
            error = future.exception()
            if not isinstance(error, BrokenExecutor):
                yield number, future
            elif attempts[number] < ATTEMPTS:
                waiting.append(number)
            else:
                given_up: Future[Any] = Future()
                given_up.set_exception(
                    PipelineError(
                        f"{describe(calls[number])}: given up after {ATTEMPTS} attempts: {error}; "
                        "if memory ran out, use fewer workers or a smaller network, then run "
                        "again: what is finished is kept"
                    )
                )
                yield number, given_up
