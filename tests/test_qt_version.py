"""The Qt in use keeps its hands off None and True (measurements.md §0.1).

PySide6 6.12.0 on CPython before 3.12 loses one reference of None at each call that returns nothing,
and one of True at each signal; after some thousand calls the process dies.
"""

import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

CALLS = 2000


class _Sender(QObject):
    sent = Signal(bool)


def _lost(thing: object, call: Callable[[], object]) -> float:
    """Return how many references of an object a call loses, on average."""
    before = sys.getrefcount(thing)
    for _ in range(CALLS):
        call()
    return (before - sys.getrefcount(thing)) / CALLS


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal from 3.12 on")
def test_calls_that_return_nothing_lose_no_reference_of_none() -> None:
    item = QStandardItem()
    assert abs(_lost(None, lambda: item.setText("x"))) < 0.1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal from 3.12 on")
def test_signals_lose_no_reference_of_true() -> None:
    sender, yes = _Sender(), True
    assert abs(_lost(yes, lambda: sender.sent.emit(yes))) < 0.1


class _Empty(QStandardItemModel):
    def data(self, *_: object) -> object:
        return None


def test_an_override_that_returns_nothing_can_be_called_for_ever() -> None:
    model = _Empty(1, 1)
    index = model.index(0, 0)
    for _ in range(4 * CALLS):
        assert model.data(index) is None
        assert index.data() is None
