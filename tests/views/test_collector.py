import gc
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app.views.collector import Collector


class Knot:
    """A thing that only the garbage collector can untie."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector(qapp: QApplication) -> Iterator[Collector]:
    made = Collector(qapp)
    made.start()
    yield made
    made.stop()
    gc.disable()  # as it is in all tests of the window
    made.deleteLater()


def test_python_does_not_collect_by_itself(collector: Collector) -> None:
    del collector
    assert not gc.isenabled()


def test_little_is_left_and_much_is_collected(collector: Collector) -> None:
    gc.collect()
    tied = weakref.ref(Knot())
    collector.collect()
    assert tied() is not None
    kept = [[] for _ in range(60_000)]  # type: list[list[int]]
    collector.collect()
    assert len(kept) == 60_000
    assert tied() is None


def test_collecting_goes_back_to_python_at_the_end(collector: Collector) -> None:
    collector.stop()
    assert gc.isenabled()


def test_what_workers_hold_is_not_walked_while_they_are_at_work(qapp: QApplication) -> None:
    busy = [True]
    made = Collector(qapp, lambda: busy[0])
    gc.collect()
    tied = weakref.ref(Knot())
    kept = [[] for _ in range(60_000)]  # type: list[list[int]]
    made.collect()
    assert tied() is not None
    busy[0] = False
    made.collect()
    assert len(kept) == 60_000
    assert tied() is None
    made.deleteLater()
