"""Secrets: from where they are taken, who may keep them, and that they are not shown."""

import copy
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.null import Keyring as NoBackend
from keyring.errors import InitError, PasswordDeleteError

from app.credentials import Credentials, Secret, variable
from app.errors import NoKeyring, NotSignedIn
from app.logs import redact

NAME, KEY = "aria-demo", "auth_key"
VARIABLE = "CONCORD_ARIA_DEMO_AUTH_KEY"


class Memory(KeyringBackend):
    """A keyring that behaves; a test says from which module it claims to be."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has it so
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("No such password!")


Use = Callable[[KeyringBackend], None]


def of(module: str, kind: type[Memory] = Memory) -> Memory:
    backend: Memory = type("Keyring", (kind,), {"__module__": module})()
    return backend


@pytest.fixture
def use() -> Iterator[Use]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def safe(use: Use) -> Memory:
    backend = of("keyring.backends.macOS")
    use(backend)
    return backend


@pytest.fixture
def none(use: Use) -> None:
    use(NoBackend())  # type: ignore[no-untyped-call]  # keyring has it so


def reveal(secret: Secret | None) -> str | None:
    return secret.reveal() if secret else None


def test_a_secret_is_not_shown() -> None:
    secret = Secret("hunter2")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>9}", f"{[secret]}"]
    assert "hunter2" not in "".join(shown)
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert len({secret, Secret("hunter2")}) == 1


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy])
def test_a_secret_is_not_written(write: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError, match="not to be written"):
        write(Secret("hunter2"))


def test_the_variable_is_named_after_connection_and_secret() -> None:
    assert variable(NAME, KEY) == VARIABLE


def test_the_environment_comes_first(safe: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    Credentials().set(NAME, KEY, "from keyring")
    monkeypatch.setenv(VARIABLE, "from environment")
    assert reveal(Credentials().get(NAME, KEY)) == "from environment"
    assert safe.kept


def test_an_empty_variable_is_none(safe: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert Credentials().get(NAME, KEY) is None
    assert safe.kept == {}


def test_what_is_given_out_is_blanked_in_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "quite-unlikely-words")
    Credentials().get(NAME, KEY)
    assert redact("it is quite-unlikely-words") == "it is ***"


def test_a_keyring_keeps_gives_and_forgets(safe: Memory) -> None:
    assert Credentials().set(NAME, KEY, "hunter2")
    assert reveal(Credentials().get(NAME, KEY)) == "hunter2"
    Credentials().delete(NAME, KEY)
    assert Credentials().get(NAME, KEY) is None
    assert safe.kept == {}


@pytest.mark.usefixtures("safe")
def test_deleting_what_is_not_there_is_no_error() -> None:
    Credentials().delete(NAME, KEY)
    assert Credentials().where() == "Secrets are kept in the macOS Keychain."


@pytest.mark.usefixtures("safe")
def test_a_secret_missing_in_the_keyring_is_asked_for() -> None:
    with pytest.raises(NotSignedIn, match=VARIABLE):
        Credentials().require(NAME, KEY)


@pytest.mark.usefixtures("none")
def test_without_a_keyring_secrets_live_as_long_as_the_object() -> None:
    credentials = Credentials()
    assert not credentials.set(NAME, KEY, "hunter2")
    assert reveal(credentials.require(NAME, KEY)) == "hunter2"
    assert Credentials().get(NAME, KEY) is None
    credentials.delete(NAME, KEY)
    assert credentials.get(NAME, KEY) is None


@pytest.mark.usefixtures("none")
def test_without_a_keyring_the_error_names_the_variable() -> None:
    with pytest.raises(NoKeyring) as caught:
        Credentials().require(NAME, KEY)
    assert VARIABLE in caught.value.hint
    assert "there is no keyring" in caught.value.summary
    assert "not saved: there is no keyring" in Credentials().where()


@pytest.mark.usefixtures("none")
def test_what_is_not_saved_is_told_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Credentials().set(NAME, KEY, "hunter2")
    assert VARIABLE in caplog.text
    assert "hunter2" not in caplog.text


def test_a_plain_text_keyring_is_refused(use: Use) -> None:
    plain = of("keyrings.alt.file")
    use(plain)
    credentials = Credentials()
    assert not credentials.set(NAME, KEY, "hunter2")
    assert plain.kept == {}
    assert "keyrings.alt.file, which is not known to be safe" in credentials.where()


@pytest.mark.parametrize("place", [0, 1])
def test_of_a_chain_only_a_safe_member_is_used(
    use: Use, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, good = of("keyrings.alt.file"), of("keyring.backends.SecretService")
    members = [plain]
    members.insert(place, good)
    monkeypatch.setattr(ChainerBackend, "backends", members)
    use(ChainerBackend())  # type: ignore[no-untyped-call]  # keyring has it so
    assert Credentials().set(NAME, KEY, "hunter2")
    assert (len(good.kept), len(plain.kept)) == (1, 0)


def test_an_installed_plain_text_package_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The same as a package would do it: by an entry point, and with the highest priority."""
    site = tmp_path_factory.mktemp("site")
    (site / "stub_plaintext.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class PlaintextKeyring(KeyringBackend):\n"
        "    priority = 99\n"
        "    def get_password(self, service, username): return 'from a file'\n"
        "    def set_password(self, service, username, password): raise SystemExit('written')\n"
    )
    info = site / "stub_plaintext-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stub-plaintext\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[keyring.backends]\nstub = stub_plaintext\n")
    script = (
        "import keyring; from app.credentials import Credentials; c = Credentials();"
        "print(type(keyring.get_keyring()).__module__, c.get('a', 'b'), c.set('a', 'b', 'v' * 9))"
    )
    environment = {"PYTHONPATH": str(site), "HOME": str(site), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "stub_plaintext None False\n"


def test_a_keyring_that_never_answers_is_given_up(use: Use) -> None:
    released = threading.Event()

    class Prompting(Memory):
        def get_password(self, service: str, username: str) -> str | None:
            released.wait()
            return super().get_password(service, username)

    use(of("keyring.backends.kwallet", Prompting))
    credentials = Credentials(timeout_s=0.05)
    assert credentials.get(NAME, KEY) is None
    released.set()
    with pytest.raises(NoKeyring, match=r"did not answer within 0\.05 seconds"):
        credentials.require(NAME, KEY)


@pytest.mark.parametrize("error", [InitError("hunter2"), OSError("gone"), RuntimeError("odd")])
def test_a_keyring_that_fails_is_done_without(use: Use, error: Exception) -> None:
    class Failing(Memory):
        def get_password(self, _service: str, _username: str) -> str | None:
            raise error

    use(of("keyring.backends.SecretService", Failing))
    with pytest.raises(NoKeyring, match=type(error).__name__) as caught:
        Credentials().require(NAME, KEY)
    assert "hunter2" not in str(caught.value)


def test_a_value_that_the_keyring_refuses_does_not_end_it(use: Use) -> None:
    class Small(Memory):
        def set_password(self, service: str, username: str, password: str) -> None:
            if len(password) > 9:
                raise OSError(1783, "The stub received bad data")
            super().set_password(service, username, password)

    use(of("keyring.backends.Windows", Small))
    credentials = Credentials()
    assert not credentials.set(NAME, KEY, "x" * 10)
    assert reveal(credentials.get(NAME, KEY)) == "x" * 10
    assert credentials.set(NAME, KEY, "short")
    assert reveal(Credentials().get(NAME, KEY)) == "short"


@pytest.mark.usefixtures("secret_service")
def test_a_real_secret_service_keeps_gives_and_forgets() -> None:
    credentials = Credentials()
    assert credentials.where() == "Secrets are kept in the Secret Service of this desktop."
    assert credentials.set(NAME, KEY, "höchst geheim")
    assert reveal(Credentials().get(NAME, KEY)) == "höchst geheim"
    credentials.delete(NAME, KEY)
    credentials.delete(NAME, KEY)
    assert Credentials().get(NAME, KEY) is None


def test_keyring_is_not_loaded_before_it_is_asked() -> None:
    script = (
        "import sys; from app.credentials import Credentials; Credentials();"
        "print('keyring' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
