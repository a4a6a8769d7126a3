"""Start the sandbox: build the data set, serve every system found, say where in the ready file."""

import gc
import importlib
import logging
import os
import pkgutil
import signal
import sys
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol, Self, cast

import app.sandbox
from app.sandbox.clock import Clock
from app.sandbox.control import Control
from app.sandbox.dataset import Dataset, build
from app.sandbox.faults import BadRule, Faults, rules_from
from app.sandbox.server import Answer, Calls, Gate, HttpServer
from app.sandbox.tls import Authority
from app.sandbox.wire import (
    BadJson,
    Request,
    Response,
    System,
    SystemSettings,
    parse_json,
    pretty_json,
    to_json,
)

log = logging.getLogger(__name__)

_PARENT_POLL_S = 0.5
_WRONG_USE = 2


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox is to be started; a port of 0 is a free one."""

    ready_file: Path | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    size: str | int = "small"
    seed: int = 1
    latency_ms: float = 0
    faults: Path | None = None
    parent_pid: int | None = None
    page_size: int = 2000
    dataset: Dataset | None = None  # instead of size and seed
    systems: Collection[str] | None = None  # None: all that there are


class _SystemPackage(Protocol):
    def create(self, settings: SystemSettings) -> System: ...


def system_names() -> list[str]:
    """Return the systems that can be served: the folders beside this file with a `create`."""
    return [
        module.name
        for module in pkgutil.iter_modules(app.sandbox.__path__)
        if module.ispkg and hasattr(_package(module.name), "create")
    ]


def _package(name: str) -> _SystemPackage:
    return cast("_SystemPackage", importlib.import_module(f"app.sandbox.{name}"))


class Sandbox:
    """The running servers; a context manager that starts and stops them."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.clock = Clock()
        self.calls = Calls()
        self.faults = Faults()
        self.systems: dict[str, System] = {}
        self.ready: dict[str, Any] = {}
        self.authority: Authority | None = None  # of the systems that are served over TLS too
        self._servers: list[HttpServer] = []
        self._announced = False

    def start(self) -> Self:
        """Build the data, open the ports, write the ready file if one was asked for.

        Raises:
            BadRule: The file of fault rules cannot be used.
            OSError: A port is taken, or a file cannot be read or written.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        if self.options.faults is not None:
            self.faults.replace(_read_rules(self.options.faults))
        self.ready = {"pid": os.getpid()}
        settings = SystemSettings(
            dataset=self.options.dataset or build(self.options.size, self.options.seed),
            clock=self.clock,
            page_size=self.options.page_size,
            seed=self.options.seed,
            size=self.options.size,
        )
        for name in system_names() if self.options.systems is None else self.options.systems:
            self._serve(name, _package(name).create(settings))
        control = Control(self.systems, self.calls, self.faults, self.clock)
        server = HttpServer(control, self.options.ports.get("control", 0)).start()
        self._servers.append(server)
        self.ready["control_url"] = server.url
        if self.options.ready_file is not None:
            write_ready(self.options.ready_file, self.ready)
            self._announced = True

    def _serve(self, name: str, system: System) -> None:
        self.calls.list_system(name)
        gate = Gate(system, self.calls, self.faults, self.options.latency_ms / 1000, self.clock)
        defect = system.fault("server_error", Request("GET", "/"))
        server = HttpServer(gate, self.options.ports.get(name, 0), defect).start()
        self._servers.append(server)
        self.systems[name] = system
        self.ready[name] = system.ready(server.url)
        if getattr(system, "over_tls", False):
            self.ready[name] |= self._serve_tls(name, gate, defect)
        open_ports = getattr(system, "open_ports", None)
        if open_ports is not None:  # for what is not HTTP
            self.ready[name] |= open_ports(gate, self.options.ports, self.authority)

    def _serve_tls(self, name: str, answer: Answer, defect: Response) -> dict[str, str]:
        """Serve a system at a second port, for clients that speak https alone."""
        if self.authority is None:
            self.authority = Authority()
        port = self.options.ports.get(f"{name}_https", 0)
        server = HttpServer(answer, port, defect, self.authority.server_context()).start()
        self._servers.append(server)
        return {"https_url": server.url, "ca_file": str(self.authority.ca_file)}

    def stop(self) -> None:
        """Close every server; the ready file, if any, is removed."""
        while self._servers:
            self._servers.pop().stop()
        for system in self.systems.values():
            close = getattr(system, "close", None)
            if close is not None:
                close()
        self.systems.clear()
        if self.authority is not None:
            self.authority.close()
            self.authority = None
        if self.options.ready_file is not None and self._announced:
            self.options.ready_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _read_rules(path: Path) -> list[Any]:
    try:
        return list(rules_from(parse_json(path.read_bytes())))
    except (BadJson, BadRule) as error:
        raise BadRule(f"{path.name}: {error}") from error


def write_ready(path: Path, ready: Mapping[str, Any]) -> None:
    """Write the ready file in one step, readable by its owner alone: it holds secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pretty_json(to_json(ready)) + b"\n")
    draft.replace(path)


def run(options: SandboxOptions) -> int:
    """Serve until SIGTERM or SIGINT comes, or the parent named in the options is gone.

    Returns the exit status: 0, or 2 when the options cannot be used. Call it from the main thread.
    """
    done = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        done.set()

    before = {name: signal.signal(name, end) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        with Sandbox(options) as sandbox:
            log.info("The sandbox serves %s.", ", ".join(sandbox.systems))
            gc.freeze()  # what was built so far stays: no collection need look at it again
            _wait(done, options.parent_pid)
    except (ValueError, OverflowError, OSError) as error:  # a rule, a size, a port, a file
        sys.stderr.write(f"The sandbox cannot start: {_words(error)}\n")
        return _WRONG_USE
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    return 0


def _words(error: Exception) -> str:
    """Return what is wrong, without Python's names and numbers."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    name = error.filename2 or error.filename
    return f"{name}: {error.strerror}." if name else f"{error.strerror}."


def _wait(done: threading.Event, parent_pid: int | None) -> None:
    if parent_pid is None:
        done.wait()
        return
    is_child = os.getppid() == parent_pid
    while not done.wait(_PARENT_POLL_S):
        orphaned = is_child and os.getppid() != parent_pid  # true even while its body lies about
        if orphaned or not _is_alive(parent_pid):
            log.info("The parent process %d is gone; so is the sandbox.", parent_pid)
            return


def _is_alive(pid: int) -> bool:
    """Tell whether a process lives; on Windows, which has no harmless signal, always True."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
