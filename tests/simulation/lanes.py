"""The engine's thread pools without threads: what is submitted runs in an order from the seed."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from itertools import count
from queue import Empty
from random import Random
from types import TracebackType
from typing import Any, Self


class StuckError(Exception):
    """The engine waits for what will never come; with real threads it would hang."""


class Lane(Future[Any]):
    """One piece of work given to a pool; it runs when its turn comes, or when it is asked for."""

    def __init__(self, number: int, work: Callable[[], Any]) -> None:
        super().__init__()
        self.number = number
        self._work = work

    def start(self) -> None:
        """Run it to its end, unless it has run."""
        if self.done():
            return
        try:
            found = self._work()
        except BaseException as error:  # noqa: BLE001 - as a pool does; `result` raises it
            self.set_exception(error)
        else:
            self.set_result(found)

    def result(self, timeout: float | None = None) -> Any:
        self.start()
        return super().result(timeout)


class Lanes:
    """All pools of a process, and what waits in them."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._numbers = count()
        self._waiting: list[Lane] = []

    def submit(self, work: Callable[[], Any]) -> Lane:
        lane = Lane(next(self._numbers), work)
        self._waiting.append(lane)
        return lane

    def waiting(self) -> list[Lane]:
        """Return what has not run, in the order of its submission."""
        self._waiting = [lane for lane in self._waiting if not lane.done()]
        return self._waiting

    def forget(self) -> list[Lane]:
        """Take away and return all that has not run: its process is gone."""
        found, self._waiting = self.waiting(), []
        return found

    def run_one(self) -> bool:
        """Run one that waits; False if there is none."""
        waiting = self.waiting()
        if not waiting:
            return False
        self._random.choice(waiting).start()
        return True

    def pool(self, *_args: object, **_options: object) -> "Pool":
        """Stand in for `ThreadPoolExecutor`."""
        return Pool(self)

    def queue(self, *_args: object) -> "Arrivals":
        """Stand in for `Queue`."""
        return Arrivals(self, self._random)

    def wait(self, lanes: Iterable[Lane], **_options: object) -> tuple[set[Lane], set[Lane]]:
        """Stand in for `concurrent.futures.wait` until the first is completed."""
        running = sorted(lanes, key=lambda lane: lane.number)
        first = self._random.choice(running)
        first.start()
        return {first}, set(running) - {first}


class Pool:
    """A `ThreadPoolExecutor` as far as the engine uses one."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._mine: list[Lane] = []

    def submit(self, work: Callable[..., Any], *args: Any) -> Lane:
        lane = self._lanes.submit(lambda: work(*args))
        self._mine.append(lane)
        return lane

    def shutdown(self, *, wait: bool = True, cancel_futures: bool = False) -> None:
        for lane in self._mine:
            if cancel_futures:
                lane.cancel()
            elif wait:
                lane.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            self.shutdown()


class Arrivals:
    """A `Queue` whose readers run when it is asked; each reader's items keep their order."""

    def __init__(self, lanes: Lanes, random: Random) -> None:
        self._lanes = lanes
        self._random = random
        self._items: list[Any] = []

    def put(self, item: Any, **_options: object) -> None:
        self._items.append(item)

    def get(self, **_options: object) -> Any:
        if not self._items or self._random.random() < 1 / 2:
            ran = self._lanes.run_one()
            if not ran and not self._items:
                raise StuckError("nobody is left who could bring what is waited for")
        if not self._items:
            raise Empty
        sources = list(dict.fromkeys(id(item[0]) for item in self._items))
        source = self._random.choice(sources)
        place = next(n for n, item in enumerate(self._items) if id(item[0]) == source)
        return self._items.pop(place)
