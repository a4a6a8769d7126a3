"""The window, put together: what it needs of the rest, and the demo's sandbox beside it."""

import os
import sys
from argparse import Namespace
from contextlib import ExitStack

from app.demo import prepare_demo, sandbox_process
from app.domain.control import CancelToken, Progress, Report
from app.errors import WrongUse
from app.services import Services
from app.views.application import WITHOUT_DISPLAY, WindowOptions, run


class WindowServices(Services):
    """The services, and a sandbox that lives as long as the window."""

    def __init__(self, services: Services, stack: ExitStack) -> None:
        super().__init__(services.base, services.credentials)
        self._stack = stack
        self._demo = ""

    def start_demo(self, cancel: CancelToken, report: Report) -> str:
        """Start the sandbox (once) and return the demo workspace's name."""
        if not self._demo:
            report(Progress(0, 0, "Starting the sandbox"))
            ready_file, ready = self._stack.enter_context(sandbox_process())
            control = str(ready["control_url"])
            self._demo = prepare_demo(self, ready_file, control, cancel, report)
        return self._demo


def run_window(services: Services, options: Namespace) -> int:
    """Open the window, on the demo if asked; return the exit status.

    Raises:
        WrongUse: There is no display; the hint says how to get one.
    """
    if not options.offscreen and not has_display():
        raise WrongUse(
            "There is no display to open a window on.",
            WITHOUT_DISPLAY,
        )
    if options.offscreen and not options.screenshot:
        raise WrongUse("--offscreen shows nothing by itself.", "Add --screenshot FILE.")
    with ExitStack() as stack:
        window_services = WindowServices(services, stack)
        window = WindowOptions(
            None, options.screenshot, options.offscreen, options.dark, options.command == "demo"
        )
        return run(window_services, window)


def has_display() -> bool:
    """Return whether there is a screen to draw on, as far as the environment tells."""
    if sys.platform in {"win32", "darwin"}:
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)
