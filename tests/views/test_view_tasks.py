"""Tasks: signals in the window's thread, cancel is no failure, progress is throttled."""

import threading

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from app.domain.control import CancelToken, Progress, Report
from app.errors import StoreError
from app.sync.workbench import Workbench
from app.views.tasks import TaskPool


class Heard(QObject):
    """Notes the thread in which each signal came, and in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        self.threads: set[int] = set()
        self.progress: list[Progress] = []
        self.result: object = None

    @Slot(object)
    def on_progress(self, progress: Progress) -> None:
        self.progress.append(progress)
        self._note("progressed")

    @Slot(object)
    def on_success(self, result: object) -> None:
        self.result = result
        self._note("succeeded")

    @Slot()
    def on_finish(self) -> None:
        self._note("finished")

    def _note(self, word: str) -> None:
        self.order.append(word)
        self.threads.add(threading.get_ident())


def until_cancelled(cancel: CancelToken, _report: Report) -> None:
    cancel.wait(60)


def test_signals_come_in_the_windows_thread_and_finished_is_last(
    qtbot: QtBot, pool: TaskPool
) -> None:
    def work(_cancel: CancelToken, report: Report) -> int:
        report(Progress(1, 2, "half"))
        return threading.get_ident()

    heard = Heard()
    task = pool.start(work)
    task.progressed.connect(heard.on_progress)
    task.succeeded.connect(heard.on_success)
    task.finished.connect(heard.on_finish)
    with qtbot.waitSignal(task.finished, timeout=2000):
        pass
    assert heard.order == ["progressed", "succeeded", "finished"]
    assert heard.threads == {threading.get_ident()}
    assert heard.result not in heard.threads


def test_cancelling_is_no_failure(qtbot: QtBot, pool: TaskPool) -> None:
    task = pool.start(until_cancelled)
    failures: list[Exception] = []
    task.failed.connect(failures.append)
    with qtbot.waitSignals([task.cancelled, task.finished], timeout=1000):
        task.cancel()
    assert failures == []


def test_an_expected_error_arrives_as_it_is(qtbot: QtBot, pool: TaskPool) -> None:
    def work(_cancel: CancelToken, _report: Report) -> None:
        raise StoreError("The disk is full.", "Free some space.")

    task = pool.start(work)
    failures: list[Exception] = []
    task.failed.connect(failures.append)
    with qtbot.waitSignal(task.finished, timeout=2000):
        pass
    assert [type(error) for error in failures] == [StoreError]


@pytest.mark.may_warn
def test_a_defect_is_logged_with_its_traceback_and_delivered(
    qtbot: QtBot, pool: TaskPool, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_cancel: CancelToken, _report: Report) -> float:
        return 1 / 0

    task = pool.start(work, title="Dividing")
    with qtbot.waitSignals([task.failed, task.finished], timeout=2000):
        pass
    assert "Dividing failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_progress_is_throttled_and_the_last_one_always_told(qtbot: QtBot, pool: TaskPool) -> None:
    def work(_cancel: CancelToken, report: Report) -> None:
        for number in range(1, 20_001):
            report(Progress(number, 20_000, "counting"))

    heard = Heard()
    task = pool.start(work)
    task.progressed.connect(heard.on_progress)
    with qtbot.waitSignal(task.finished, timeout=5000):
        pass
    assert heard.progress[-1].done == 20_000
    assert len(heard.progress) < 100


def test_writers_wait_for_each_other_and_readers_do_not(qtbot: QtBot, pool: TaskPool) -> None:
    first = pool.start(until_cancelled, writes=True)
    second = pool.start(lambda _cancel, _report: "second", writes=True)
    reader = pool.start(lambda _cancel, _report: "reader")
    with qtbot.waitSignal(reader.succeeded, timeout=2000):
        pass
    assert second in pool.running
    with qtbot.waitSignal(second.succeeded, timeout=2000):
        first.cancel()


def test_shutdown_cancels_what_runs_and_waits(qtbot: QtBot) -> None:  # noqa: ARG001
    pool = TaskPool()
    tasks = [pool.start(until_cancelled, writes=writes) for writes in (True, False)]
    assert pool.shutdown(2)
    assert all(task.token.is_cancelled for task in tasks)


def test_only_work_with_a_title_is_announced(qtbot: QtBot, pool: TaskPool) -> None:
    announced: list[str] = []
    pool.started.connect(lambda task: announced.append(task.title))
    quiet = pool.start(lambda _cancel, _report: None)
    with qtbot.waitSignal(quiet.finished, timeout=2000):
        pass
    loud = pool.start(lambda _cancel, _report: None, title="Reading")
    with qtbot.waitSignal(loud.finished, timeout=2000):
        pass
    assert announced == ["Reading"]
    assert pool.running == ()


def test_a_worker_keeps_its_connection_to_the_store(
    qtbot: QtBot, pool: TaskPool, read_bench: Workbench
) -> None:
    heard = []
    for _ in range(2):
        task = pool.start(lambda _cancel, _report: read_bench.store.reader, writes=True)
        with qtbot.waitSignal(task.succeeded, timeout=2000) as told:
            pass
        heard += told.args
    assert heard[0] is heard[1]
