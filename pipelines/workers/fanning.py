"""Fanning out: calls of one function, their results in order, whoever does them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipelines.errors import PipelineError
from pipelines.progress import progress
from pipelines.workers.calls import run_in_order
from pipelines.workers.crew import opened, usable_cpus

WORTH = 10.0
"""Seconds of work that are worth the time in which workers start."""


def fan_out(
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    workers: int | None = None,
    scheduler: str | None = None,
    preload: Sequence[str] = (),
    describe: Callable[[tuple[Any, ...]], str] = str,
    label: str = "",
    sizes: Sequence[int] | None = None,
    unit: str = "net",
    here: bool = True,
) -> Iterator[Any]:
    """Yield the results of `function(*call)` for all calls, in their order, with a progress bar.

        for outputs in fan_out(predict_some, [(run, graphs, 0, 256), (run, graphs, 256, 400)]):
            ...

    They are made by `workers` processes, or those of a `scheduler`, as `pipelines.workers.opened`
    has it; by this one alone with one worker, for a single call, and, where `workers` is left open,
    for as long as what is left does not look like `WORTH` seconds of work. `function` is
    importable, takes and gives plain data, and gives the same whoever calls it: where it computes,
    with one thread (`one_thread`). Where that is not in its hands, as with numpy, `here` is false:
    this process then makes no call but a single one.

    The bar, which is shown on a terminal only, counts `sizes`, those of the calls, in `unit`s.
    """
    if workers is not None and workers < 1:
        raise PipelineError(f"`workers` is {workers}; expected 1 or more")
    amounts = sizes or [1] * len(calls)
    with progress(label, unit, sum(amounts)) as bar:
        done = 0
        alone = len(calls) == 1 or (here and 1 in (workers, workers or usable_cpus()))
        while scheduler is None and done < len(calls) and (alone or (here and workers is None)):
            begun = time.monotonic()
            result = function(*calls[done])
            left = (time.monotonic() - begun) * (len(calls) - done - 1)
            yield result
            bar.update(amounts[done])
            done += 1
            if not alone and left > WORTH:
                break
        if done == len(calls):
            return
        rest = calls[done:]
        with opened(len(rest), workers, scheduler, preload) as (crew, most):
            results = run_in_order(crew, function, rest, most, describe)
            for amount, result in zip(amounts[done:], results, strict=True):
                yield result
                bar.update(amount)


def pieces(
    count: int, size: int, weights: Sequence[float] | None = None, most: float = math.inf
) -> list[range]:
    """Cut so many numbers into pieces of at most a size, whose weights are at most `most` together.

    One that is heavier is a piece of its own.

    >>> pieces(5, 2)
    [range(0, 2), range(2, 4), range(4, 5)]
    >>> pieces(4, 3, [1, 1, 5, 1], 4)
    [range(0, 2), range(2, 3), range(3, 4)]
    """
    result: list[range] = []
    start, heavy = 0, 0.0
    for number in range(count):
        own = 0.0 if weights is None else weights[number]
        if number > start and (number - start == size or heavy + own > most):
            result.append(range(start, number))
            start, heavy = number, 0.0
        heavy += own
    return [*result, range(start, count)] if count else []
