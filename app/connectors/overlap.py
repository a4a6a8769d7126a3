"""Calls that do not depend on each other, made at once."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from app.domain.control import CancelToken

_POLL_S = 0.05
Result = TypeVar("Result")


def overlapped(
    tasks: Sequence[Callable[[], Result]], at_once: int, cancel: CancelToken
) -> Generator[Result, None, None]:
    """Yield the tasks' results in their order, running up to `at_once` of them ahead.

    What is not yet started is dropped when a task raises, the user cancels or nobody reads on.
    """
    waiting = iter(tasks)
    running: list[Future[Result]] = []
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="overlapped")
    try:
        for task in waiting:
            running.append(pool.submit(task))
            if len(running) == at_once:
                yield _first(running, cancel)
        while running:
            yield _first(running, cancel)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _first(running: list[Future[Result]], cancel: CancelToken) -> Result:
    """Return the oldest task's result, or raise the error of whichever task failed."""
    while not running[0].done():
        pending = [future for future in running if not future.done()]
        done, _ = wait(pending, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            if future.exception() is not None:
                future.result()
        cancel.check()
    return running.pop(0).result()
