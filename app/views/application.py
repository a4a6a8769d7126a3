"""Runs the window: the application object, its looks, and the picture that scripts ask for."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import (
    QCoreApplication,
    QLocale,
    QMessageLogContext,
    QObject,
    QTimer,
    QtMsgType,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from app.domain.diff import Kind
from app.errors import ExitStatus, WrongUse
from app.store.pager import rows
from app.views.collector import Collector
from app.views.services import Services
from app.views.state import language
from app.views.state.progress import notice
from app.views.tasks import TaskPool
from app.views.widgets.icons import retint
from app.views.widgets.locale_dates import write_dates_as
from app.views.widgets.looks import colour, dress, shape, system_is_dark
from app.views.window.first_paint import AfterFirstPaint
from app.views.window.main_window import MainWindow
from app.views.window.other_writer import OtherWriter
from app.views.window.window_memory import restore_size

log = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS = "This plugin does not support"
_NO_PLUGIN = "no Qt platform plugin could be initialized"
WITHOUT_DISPLAY = (
    "Set DISPLAY or WAYLAND_DISPLAY, run under `xvfb-run -a`, or draw a picture with"
    " --offscreen --screenshot FILE."
)
_LOOK_AGAIN_MS = 50
# Qt's calls let go of Python's lock. A worker that computes gives it back after this time: with
# Python's own 5 ms, a slot of 4 ms took 120.
SWITCH_S = 0.0003


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """How the window is to be run.

    Attributes:
        workspace: The workspace to open; None: the last one used.
        screenshot: Refresh, paint, save a picture of the window here, and end.
        offscreen: Whether to do without any screen.
        dark: Light or dark; None follows the system.
        demo: Whether to start the demo as soon as the window stands.
    """

    workspace: str | None = None
    screenshot: Path | None = None
    offscreen: bool = False
    dark: bool | None = None
    demo: bool = False


def run(services: Services, options: WindowOptions) -> int:
    """Show the window until it is closed; return the exit status.

    With `screenshot`: 0 when the picture was saved, 1 with the error on stderr when it was not.
    """
    if options.offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qInstallMessageHandler(_log_qt)
    sys.setswitchinterval(SWITCH_S)
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["concord"])
    app.setApplicationDisplayName("Concord")
    app.setDesktopFileName("concord")
    language.install(lambda text: QCoreApplication.translate("Concord", text))
    write_dates_as(QLocale())
    looks = Looks(app, options.dark)
    pool = TaskPool(looks)
    collector = Collector(app, lambda: bool(pool.running))
    collector.start()
    window = MainWindow(services, pool)
    looks.shape()
    sys.excepthook = _Defects(window)
    if options.screenshot is None:
        restore_size(window)
    window.show()
    window.opened.connect(looks.on_opened)
    OtherWriter(window)
    photographer = None
    if options.screenshot is not None:
        photographer = Photographer(window, options.screenshot)

    def begin() -> None:
        if options.demo:
            window.start_demo()
        else:
            window.start(options.workspace or "")
        if photographer is not None:
            photographer.start()

    AfterFirstPaint(window, begin)
    with _closed_by_signals(app):
        status = app.exec()
    window.close()
    collector.stop()
    sys.excepthook = sys.__excepthook__
    qInstallMessageHandler(None)
    return photographer.status if photographer is not None else status


@contextmanager
def _closed_by_signals(app: QApplication) -> Iterator[None]:
    """Have Ctrl+C in the terminal and SIGTERM close the window, as a click on its cross does."""

    def close(*_signal: object) -> None:
        QTimer.singleShot(0, app.quit)

    before = {number: signal.signal(number, close) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Looks(QObject):
    """Keeps the application in light or dark, as told or as the system is.

    Its window is made in its colours; its shapes come once that is made (`shape`).
    """

    def __init__(self, app: QApplication, dark: bool | None) -> None:  # noqa: FBT001 - of three values
        super().__init__(app)
        self._app, self._dark = app, dark
        app.styleHints().colorSchemeChanged.connect(self.on_scheme)
        colour(app, dark=self._is_dark())

    @Slot(str)
    def on_opened(self, _name: str) -> None:
        """A workspace is open, and with it all modules that work on it."""
        gc.freeze()

    @Slot()
    def on_scheme(self) -> None:
        """Dress the application again."""
        dress(self._app, dark=self._is_dark())
        retint(self._app)

    def shape(self) -> None:
        """Give the application its style sheet."""
        shape(self._app, dark=self._is_dark())

    def _is_dark(self) -> bool:
        return system_is_dark(self._app) if self._dark is None else self._dark


class Photographer(QObject):
    """Refreshes, waits until all is painted, saves a picture of the window and ends the program."""

    def __init__(self, window: MainWindow, file: Path) -> None:
        super().__init__(window)
        self._window, self._file = window, file
        self.status = 1
        self._refreshed = self._went = False
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_AGAIN_MS)
        self._clock.timeout.connect(self.on_look)
        window.failed.connect(self.on_failed)

    def start(self) -> None:
        """Wait for the picture from now on: what it is to show is being opened."""
        self._clock.start()

    @Slot(object)
    def on_failed(self, error: Exception) -> None:
        """Give up: say why, and end."""
        told = notice(error)
        print(f"{told.summary} {told.hint}".strip(), file=sys.stderr)  # noqa: T201 - a script reads it
        self._end(1)

    @Slot()
    def on_look(self) -> None:
        """Take the picture if nothing is under way any more."""
        window = self._window
        if not window.is_settled:
            return
        if window.bench is not None and not self._refreshed:
            self._refreshed = True
            window.bar.refresh.click()
        elif not self._went:
            self._went = True
            self._show_a_difference()
        elif window.grab().save(str(self._file), "PNG"):
            self._end(0)
        else:
            self.on_failed(
                WrongUse(f"The picture {self._file} cannot be written.", "Name another.")
            )

    def _show_a_difference(self) -> None:
        """Go to the pair that differs in most fields, so that the picture has much to say."""
        bench, survey = self._window.bench, self._window.catalog.survey
        pairs = [link for link in survey.order if survey.kinds[link] is Kind.DIFFERENT]
        if bench is None or not pairs:
            return
        found = rows(bench.store, pairs)
        most = max(pairs, key=lambda link: len(found[link].fields) if link in found else 0)
        self._window.catalog.trees.go_to(most)

    def _end(self, status: int) -> None:
        self.status = status
        self._clock.stop()
        QCoreApplication.exit(status)


class _Defects:
    """Takes what no handler took: it goes into the log with its traceback, and is shown."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.error("A defect", exc_info=(kind, error, trace))
        if isinstance(error, Exception):
            self._window.notice.tell(notice(error))


def _log_qt(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    level = logging.DEBUG if _HARMLESS in message else _LEVELS.get(kind, logging.WARNING)
    logging.getLogger("qt").log(level, "%s", message)
    if _NO_PLUGIN in message:  # Qt would abort now; nothing has begun yet
        print(f"The window cannot be opened, see above. {WITHOUT_DISPLAY}", file=sys.stderr)  # noqa: T201 - for people
        sys.stderr.flush()
        os._exit(ExitStatus.WRONG_USE)
