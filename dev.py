#!/usr/bin/env python3
"""Set up, run, test and check Concord from a fresh clone, with Python 3.11 or newer alone.

Everything is installed in `.venv` beside this file, as requirements.lock says, hash by hash.
docs/development.md tells the same to people.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
SETUP_STAMP = "concord-setup.sha256"
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
DAEMON_START_S = 10.0
_MOST_TEST_PROCESSES = 5
_LONG = "CONCORD_LONG"  # asks for the long form of a test (docs/proof.md); no setting


class DevError(Exception):
    """A step cannot be done; the message says which and what would help."""


@dataclass(frozen=True)
class SystemNeed:
    """Something that pip cannot bring.

    Attributes:
        package: The Debian and Ubuntu package that brings it.
        purpose: What does not work without it.
        is_met: Says whether this machine has it, whoever installed it.
    """

    package: str
    purpose: str
    is_met: Callable[[], bool]


def _library(soname: str) -> Callable[[], bool]:
    def loads() -> bool:
        try:
            ctypes.CDLL(soname)
        except OSError:
            return False
        return True

    return loads


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _has_font() -> bool:
    files = (file for folder in FONT_FOLDERS for file in folder.rglob("*.[to]tf"))
    return next(files, None) is not None


def _has_ensurepip() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


# Libraries are asked for by the name that the loader uses: package names differ between releases
# (libglib2.0-0 became libglib2.0-0t64), and a library may have come from elsewhere.
_WINDOW = "Qt's window on X11"
_QT = "Qt, even without a display"
LINUX_NEEDS = (
    SystemNeed(f"python3.{sys.version_info[1]}-venv", "making .venv", _has_ensurepip),
    SystemNeed("libgl1", _QT, _library("libGL.so.1")),
    SystemNeed("libegl1", _QT, _library("libEGL.so.1")),
    SystemNeed("libglib2.0-0", _QT, _library("libglib-2.0.so.0")),
    SystemNeed("libxkbcommon0", _QT, _library("libxkbcommon.so.0")),
    SystemNeed("libfontconfig1", _QT, _library("libfontconfig.so.1")),
    SystemNeed("libdbus-1-3", _QT, _library("libdbus-1.so.3")),
    SystemNeed("fonts-dejavu-core", "text: without any font each letter is a box", _has_font),
    SystemNeed("libxkbcommon-x11-0", _WINDOW, _library("libxkbcommon-x11.so.0")),
    SystemNeed("libxcb-cursor0", _WINDOW, _library("libxcb-cursor.so.0")),
    SystemNeed("libxcb-icccm4", _WINDOW, _library("libxcb-icccm.so.4")),
    SystemNeed("libxcb-keysyms1", _WINDOW, _library("libxcb-keysyms.so.1")),
    SystemNeed("libxcb-shape0", _WINDOW, _library("libxcb-shape.so.0")),
    SystemNeed("dbus", "tests with a real keyring", _command("dbus-daemon")),
    SystemNeed("gnome-keyring", "tests with a real keyring", _command("gnome-keyring-daemon")),
    SystemNeed("xvfb", "a window without a screen", _command("Xvfb")),
    SystemNeed("xauth", "a window without a screen", _command("xauth")),
)


def missing_needs(needs: Iterable[SystemNeed] = LINUX_NEEDS) -> list[SystemNeed]:
    """Return what this machine lacks, in the order of `needs`; nothing is needed outside Linux."""
    if not sys.platform.startswith("linux"):
        return []
    return [need for need in needs if not need.is_met()]


def install_needs() -> None:
    """Install what the system lacks with apt-get, or say what to install by hand.

    A failure is told and not raised: Qt may load all the same, and the tests of the keyring skip.
    """
    missing = missing_needs()
    if not missing:
        return
    packages = [need.package for need in missing]
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        _tell_by_hand(missing, install)
        return
    say(f"installing system packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], [*install, "-qq"]):
        if run_to_end(command, environment) != 0:
            say(f"'{' '.join(command)}' failed; going on without")
            _tell_by_hand(missing, install)
            return


def _tell_by_hand(missing: Sequence[SystemNeed], install: Sequence[str]) -> None:
    say("this machine lacks:")
    for need in missing:
        say(f"    {need.package:<20} {need.purpose}")
    if shutil.which("apt-get"):
        say(f"install them as root: apt-get update && {' '.join(install)}")
    else:
        say("those are the names of Debian and Ubuntu; install what your system calls them")


def venv_python(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv_command(folder, "python")


def venv_command(folder: Path, name: str) -> Path:
    """Return the path at which a virtual environment keeps a command, there or not."""
    return folder / "Scripts" / f"{name}.exe" if os.name == "nt" else folder / "bin" / name


def setup_stamp(lock: Path) -> str:
    """Return what a finished setup is known by: it changes when the setup must be done again."""
    digest = hashlib.sha256()
    for part in (lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes()):
        digest.update(hashlib.sha256(part).digest())
    # Scripts in a virtual environment hold its path and belong to one Python: a clone that was
    # moved needs its own.
    digest.update(f"{ROOT} {sys.version_info[:3]}".encode())
    return digest.hexdigest()


def is_ready(folder: Path, lock: Path) -> bool:
    """Say whether a virtual environment holds what the lock says, without looking into it."""
    stamp_file = folder / SETUP_STAMP
    return stamp_file.is_file() and stamp_file.read_text("ascii") == setup_stamp(lock)


def fill_venv(folder: Path, lock: Path, *, with_concord: bool) -> None:
    """Bring a virtual environment to what the lock says.

    Raises:
        DevError: It could not be done; it is tried again from the start next time.
    """
    (folder / SETUP_STAMP).unlink(missing_ok=True)
    _make_venv(folder)
    python = str(venv_python(folder))
    install = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
    say(f"installing {lock.name} into {folder.name} (about a minute when nothing is cached)")
    _must([*install, "--require-hashes", "-r", str(lock)])
    if with_concord:
        # setuptools is in the lock, so building Concord itself downloads nothing
        _must([*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    if run_to_end([python, "-c", "import PySide6.QtWidgets"]) != 0:
        raise DevError("Qt does not load: see above which system library is missing")
    (folder / SETUP_STAMP).write_text(setup_stamp(lock), "ascii")


def _make_venv(folder: Path) -> None:
    if not _has_ensurepip():
        raise DevError("this Python cannot make a .venv: ensurepip is missing (python3-venv)")
    python = venv_python(folder)
    version = "import sys; print(sys.version_info[:3])"
    # The version of another Python, or a link to one that is gone, makes the whole folder useless.
    if not python.exists() or _output([str(python), "-c", version]) != str(sys.version_info[:3]):
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(folder)
    (folder / ".gitignore").write_text("*\n", "ascii")


def setup() -> Path:
    """Return the folder of Concord's virtual environment, made or mended first if need be."""
    folder, lock = ROOT / ".venv", ROOT / "requirements.lock"
    if not is_ready(folder, lock):
        install_needs()
        fill_venv(folder, lock, with_concord=True)
    compile_app(folder)
    return folder


def compile_app(folder: Path) -> None:
    """Compile Concord's modules where that is not done: the first window comes twice as soon.

    Python does it by itself unless PYTHONDONTWRITEBYTECODE is set, and then at each start.
    """
    run_to_end([str(venv_python(folder)), "-m", "compileall", "-q", "app"])


@contextlib.contextmanager
def private_session() -> Iterator[dict[str, str]]:
    """Give an environment with its own home, and its own Secret Service where this machine can.

    `CONCORD_TEST_KEYRING` is `1` in it only if a real Secret Service answers. Folders, bus and
    daemon end with the context, however it ends.
    """
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="concord-")))
        environment = private_environment(home, os.environ)
        problem = _start_keyring(environment, stack)
        if problem:
            say(f"no private Secret Service ({problem}): the tests of the keyring will be skipped")
            environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
        else:
            environment["CONCORD_TEST_KEYRING"] = "1"
        yield environment


def private_environment(home: Path, outside: Mapping[str, str]) -> dict[str, str]:
    """Return `outside` without what is the user's: settings, secrets, keyring, screen."""
    kept = {
        name: value
        for name, value in outside.items()
        if name == _LONG or not name.startswith(("CONCORD_", "DBUS_", "XDG_", "GNOME_", "SSH_AUTH"))
    }
    folders = {
        "HOME": home,
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_RUNTIME_DIR": home / "run",
    }
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = {name: str(folder) for name, folder in folders.items()}
    return {**kept, **private, "QT_QPA_PLATFORM": "offscreen"}


def _start_keyring(environment: dict[str, str], stack: contextlib.ExitStack) -> str:
    """Start bus and keyring on `stack` and return what was in the way, or nothing."""
    if not sys.platform.startswith("linux"):
        return "only on Linux"
    absent = [
        name
        for name in ("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
        if not shutil.which(name)
    ]
    if absent:
        return f"not installed: {', '.join(absent)}"
    # Not through dbus-run-session, which leaves its bus behind when it is interrupted.
    bus = _start(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"],
        environment,
        stack,
    )
    address = bus.stdout.readline().strip() if bus.stdout else ""
    if not address:
        return "dbus-daemon did not start"
    environment["DBUS_SESSION_BUS_ADDRESS"] = address
    daemon = _start(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        environment,
        stack,
    )
    if daemon.stdin:
        with contextlib.suppress(BrokenPipeError):
            daemon.stdin.write("throw-away")
            daemon.stdin.close()
    return _await_secrets(daemon, environment)


def _await_secrets(daemon: subprocess.Popen[str], environment: Mapping[str, str]) -> str:
    asked = ["dbus-send", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]
    asked += ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
    pause_s = 0.05
    for _ in range(int(DAEMON_START_S / pause_s)):
        if "boolean true" in _output(asked, environment):
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return f"gnome-keyring-daemon ended with status {daemon.wait(pause_s)}"
    return "gnome-keyring-daemon does not answer"


def _start(
    command: Sequence[str], environment: Mapping[str, str], stack: contextlib.ExitStack
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    stack.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def say(text: str) -> None:
    """Print for the person at the terminal; stdout is left to the command that is run."""
    print(f"dev: {text}", file=sys.stderr, flush=True)


def run_to_end(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a command in the clone and return its exit status; it does not outlive this process."""
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            raise


def _must(command: Sequence[str]) -> None:
    status = run_to_end(command)
    if status != 0:
        raise DevError(f"'{' '.join(command)}' failed with status {status}")


def _output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints, or nothing if it cannot be run."""
    try:
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return answer.stdout.strip()


def do_setup(_arguments: Sequence[str]) -> int:
    """Install what is needed; instant when nothing changed."""
    # Asked for by name, this looks at the system each time: someone may have removed a package.
    install_needs()
    setup()
    say("ready: python3 dev.py run")
    return 0


def do_run(arguments: Sequence[str]) -> int:
    """Start the demo: the window, with the sandbox beside it. Arguments go to `concord demo`."""
    folder = setup()
    if "--offscreen" not in arguments and not _has_display():
        say("there is no display here; for a picture: run --offscreen --screenshot FILE")
    return run_to_end([str(venv_command(folder, "concord")), "demo", *arguments])


def _has_display() -> bool:
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def do_test(arguments: Sequence[str]) -> int:
    """Run the tests with a home and a keyring of their own. Arguments go to pytest.

    They run in one process more than there are cores, since one or another waits for its sandbox,
    and few at the most: each has its own. Their order is tests/conftest.py's, not that of the
    files' counts of tests.
    """
    folder = setup()
    processes = min((os.cpu_count() or 1) + 1, _MOST_TEST_PROCESSES)
    many = ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
    many.append("--max-worker-restart=0")  # else what comes after a crash of one waits for ever
    with private_session() as environment:
        python = str(venv_python(folder))
        return run_to_end([python, "-m", "pytest", *many, *arguments], environment)


def do_check(_arguments: Sequence[str]) -> int:
    """Run every linter and type checker, and say which failed."""
    folder = setup()
    checks = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports",),
    )
    failed = []
    for name, *arguments in checks:
        title = " ".join([name, *arguments])
        say(title)
        if run_to_end([str(venv_command(folder, name)), *arguments]) != 0:
            failed.append(title)
    say(f"failed: {'; '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def do_bench(arguments: Sequence[str]) -> int:
    """Run benchmarks, all or those named, in `.venv-bench` with the tools compared against."""
    runner = ROOT / "benchmarks" / "run.py"
    if not runner.is_file():
        raise DevError("there is no benchmarks/run.py in this clone")
    # Apart from .venv: what is compared against brings pandas and polars, and pins their versions.
    folder, lock = ROOT / ".venv-bench", ROOT / "requirements-bench.lock"
    if not is_ready(folder, lock):
        install_needs()
        fill_venv(folder, lock, with_concord=False)
    compile_app(folder)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return run_to_end([str(venv_python(folder)), str(runner), *arguments], environment)


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "setup": do_setup,
    "run": do_run,
    "test": do_test,
    "check": do_check,
    "bench": do_bench,
}


def main(arguments: Sequence[str]) -> int:
    """Carry out one command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="dev.py",
        description=(__doc__ or "").splitlines()[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:<6} {do.__doc__}" for name, do in COMMANDS.items()),
    )
    parser.add_argument("command", choices=COMMANDS)
    # What follows the command is not ours: `dev.py test --help` is pytest's help.
    parsed = parser.parse_args(arguments[:1])
    if sys.version_info < OLDEST_PYTHON:
        raise DevError("Concord needs Python 3.11 or newer; if you have it: python3.11 dev.py …")
    return COMMANDS[parsed.command](arguments[1:])


def _end_by_signal(number: int, _frame: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    # As an exception, so that a private session is taken down before the process ends.
    signal.signal(signal.SIGTERM, _end_by_signal)
    try:
        sys.exit(main(sys.argv[1:]))
    except DevError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
