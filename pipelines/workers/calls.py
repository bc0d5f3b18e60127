"""Running all of many calls: results as they are ready, and calls of dead workers once more."""

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
    waiting = list(reversed(calls))
    attempts: dict[tuple[Any, ...], int] = {}
    running: dict[Future[Any], tuple[Any, ...]] = {}
    while waiting or running:
        while waiting and len(running) < ahead:
            call = waiting.pop()
            running[executor.submit(function, *call)] = call
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            call = running.pop(future)
            try:
                result = future.result()
            except BrokenExecutor as error:
                attempts[call] = attempts.get(call, 0) + 1
                if attempts[call] == ATTEMPTS:
                    raise PipelineError(
                        f"{describe(call)}: given up after {ATTEMPTS} attempts: {error}; if memory "
                        "ran out, use fewer workers or a smaller network, then run again: what is "
                        "finished is kept"
                    ) from None
                waiting.append(call)
            else:
                yield result
