"""What every test gets: no screen, a Concord folder of its own, and nobody's real keyring."""

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dev import private_session

# How fast an example is says more of the machine than of us; timings belong in benchmarks.
settings.register_profile("concord", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("concord")
# Before any test makes a QApplication, which reads it once.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HAS_SECRET_SERVICE = os.environ.get("CONCORD_TEST_KEYRING") == "1"
if HAS_SECRET_SERVICE and "PYTEST_XDIST_WORKER" in os.environ:
    # Tests beside each other name their connections alike: each process has a keyring of its own.
    _session = ExitStack()
    del os.environ["CONCORD_TEST_KEYRING"]
    os.environ.update(_session.enter_context(private_session()))
    HAS_SECRET_SERVICE = os.environ.get("CONCORD_TEST_KEYRING") == "1"
    atexit.register(_session.close)
if not HAS_SECRET_SERVICE:
    # Run by hand on a desktop, the tests must not reach the user's keyring.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


_LONGEST_FIRST = ("end_to_end", "simulation", "connectors")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose files take longest, so that no process waits for another."""
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


@pytest.fixture(autouse=True)
def concord_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a fresh folder in place of the user's; none of their secrets is in the environment."""
    for name in [name for name in os.environ if name.startswith("CONCORD_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("concord")
    monkeypatch.setenv("CONCORD_HOME", str(folder))
    return folder


@pytest.fixture
def secret_service() -> None:
    """Let a test use a real Secret Service that is thrown away afterwards (`dev.py test`)."""
    if not HAS_SECRET_SERVICE:
        pytest.skip(
            "no private Secret Service in this run; python3 dev.py test brings one on Linux"
        )


@pytest.fixture(autouse=True)
def root_log() -> Iterator[logging.Logger]:
    """Return the root logger, and put it back as it was: each command that runs sets it up."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
