"""dev.py and what it installs from: the lock files, the private session, and the exit status."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ["requirements.lock", "requirements-bench.lock"]


def load_dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("concord_dev", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


dev = load_dev()


def run_dev(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def locked(name: str) -> dict[str, str]:
    pins = re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return dict(pins)


def required(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {re.split(r"[<>=]", each)[0].lower().replace("_", "-") for each in wanted}


def test_help_names_every_command() -> None:
    shown = run_dev("--help")
    assert shown.returncode == 0
    for command in ("setup", "run", "test", "check", "bench"):
        assert re.search(rf"^  {command} +\w+", shown.stdout, re.MULTILINE)


def test_an_unknown_command_is_wrong_use() -> None:
    assert run_dev("deploy").returncode == 2


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_hashes_everything(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert "--index" not in text
    pins = re.findall(r"^[a-z0-9].*==.*$", text, re.MULTILINE)
    assert pins
    assert all(pin.endswith("\\") for pin in pins)


@pytest.mark.parametrize(("name", "extra"), [(LOCKS[0], "dev"), (LOCKS[1], "bench")])
def test_a_lock_has_all_that_the_project_asks_for(name: str, extra: str) -> None:
    assert required(extra) - locked(name).keys() == set()


def test_benchmarks_run_on_the_versions_that_are_shipped() -> None:
    shipped, benched = locked("requirements.lock"), locked("requirements-bench.lock")
    names = required() & benched.keys()
    assert {name: benched[name] for name in names} == {name: shipped[name] for name in names}


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    assert {name for name in required("dev", "bench") if f"`{name}`" not in reasons} == set()


def test_a_setup_is_done_again_when_the_lock_changes(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n")
    (tmp_path / dev.SETUP_STAMP).write_text(dev.setup_stamp(lock))
    assert dev.is_ready(tmp_path, lock)
    lock.write_text("a==2\n")
    assert not dev.is_ready(tmp_path, lock)


def test_a_setup_that_failed_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n")
    (tmp_path / dev.SETUP_STAMP).write_text(dev.setup_stamp(lock))
    monkeypatch.setattr(dev, "_make_venv", lambda _folder: None)
    monkeypatch.setattr(dev, "run_to_end", lambda *_: 1)
    with pytest.raises(dev.DevError, match="failed with status 1"):
        dev.fill_venv(tmp_path, lock, with_concord=True)
    assert not dev.is_ready(tmp_path, lock)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux leaves this to us")
def test_what_the_system_lacks_is_found_by_looking() -> None:
    needs = (
        dev.SystemNeed("libc6", "all", dev._library("libc.so.6")),
        dev.SystemNeed("libnone", "nothing", dev._library("libnone-of-that-name.so.9")),
        dev.SystemNeed("nocommand", "nothing", dev._command("no-command-of-that-name")),
    )
    assert [need.package for need in dev.missing_needs(needs)] == ["libnone", "nocommand"]


def test_without_rights_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need = dev.SystemNeed("libnone", "the window", lambda: False)
    monkeypatch.setattr(dev, "missing_needs", lambda: [need])
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(dev, "run_to_end", lambda *_: pytest.fail("it ran something"))
    dev.install_needs()
    told = capsys.readouterr().err
    assert "libnone" in told
    assert "the window" in told


def test_a_private_session_has_nothing_of_the_users(tmp_path: Path) -> None:
    outside = {"HOME": "/home/u", "CONCORD_A_B": "s", "DBUS_SESSION_BUS_ADDRESS": "x", "PATH": "/p"}
    inside = dev.private_environment(tmp_path, outside)
    assert (inside["HOME"], inside["PATH"]) == (str(tmp_path), "/p")
    assert not inside.keys() & {"CONCORD_A_B", "DBUS_SESSION_BUS_ADDRESS"}
    assert Path(inside["XDG_CONFIG_HOME"]).is_dir()


def test_a_private_session_knows_that_the_long_form_is_asked_for(tmp_path: Path) -> None:
    assert dev.private_environment(tmp_path, {"CONCORD_LONG": "1"})["CONCORD_LONG"] == "1"


def test_a_private_session_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    def recorded(*arguments: object) -> "subprocess.Popen[str]":
        processes.append(start(*arguments))
        return processes[-1]

    processes: list[subprocess.Popen[str]] = []
    start = dev._start
    monkeypatch.setattr(dev, "_start", recorded)
    with dev.private_session() as environment:
        home = Path(environment["HOME"])
        alive = [process.poll() is None for process in processes]
        assert (home.is_dir(), all(alive)) == (True, True)
        assert len(alive) == (2 if "CONCORD_TEST_KEYRING" in environment else len(alive))
    assert not home.exists()
    assert all(process.returncode is not None for process in processes)


def test_a_command_that_is_interrupted_does_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: "subprocess.Popen[str]", timeout: float | None = None) -> int:
        if self.returncode is None and not stopped:
            stopped.append(self)
            raise KeyboardInterrupt
        return wait(self, timeout)

    stopped: list[subprocess.Popen[str]] = []
    wait = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        dev.run_to_end([sys.executable, "-c", "import threading; threading.Event().wait()"])
    assert stopped[0].returncode == -signal.SIGTERM
    assert time.monotonic() - started < 10
