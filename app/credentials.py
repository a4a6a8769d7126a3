"""The secrets of connections: from the environment, else from the keyring of the system.

Never from a file of ours. What is allowed to keep them is listed here by module, because a package
that is merely installed can put a plain-text file in the keyring's place.
"""

import hmac
import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from app.errors import NoKeyring, NotSignedIn
from app.logs import BLANK, register_secret

if TYPE_CHECKING:  # imported when first asked: it costs a tenth of a second at start-up
    from keyring.backend import KeyringBackend

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0
SAFE_BACKENDS = {
    "keyring.backends.SecretService": "the Secret Service of this desktop",
    "keyring.backends.libsecret": "the Secret Service of this desktop",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "the macOS Keychain",
    "keyring.backends.Windows": "the Windows Credential Manager",
}
# keyring's own way of saying that there is none
_EMPTY_BACKENDS = {"keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer"}
# What backends let through besides keyring's own errors; looked up only where it is loaded.
_FOREIGN_ERRORS = (
    ("keyring.errors", "KeyringError"),
    ("secretstorage.exceptions", "SecretStorageException"),
    ("jeepney.wrappers", "DBusErrorResponse"),
    ("pywintypes", "error"),
    ("win32ctypes.pywin32.pywintypes", "error"),
)
T = TypeVar("T")


class Secret:
    """A value that is not shown by accident: whoever needs it asks for it with `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, to be sent and not to be kept."""
        return self._value

    def __repr__(self) -> str:
        return BLANK

    __str__ = __repr__

    def __format__(self, _layout: str) -> str:
        return BLANK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not to be written anywhere")


def variable(connection: str, secret: str) -> str:
    """Return the name of the environment variable that holds a secret (design.md §5)."""
    return f"CONCORD_{connection}_{secret}".upper().replace("-", "_")


class _Unusable(Exception):  # noqa: N818 - says what the keyring is
    """The keyring failed, did not answer in time, or is not there; the message says which."""


class Credentials:
    """Gets, keeps and forgets the secrets of connections.

    A keyring that fails to answer is not asked again by the same object; from then on secrets are
    kept in its memory alone, and `where` says so. To try again, make another object.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        """Ask nothing yet.

        Args:
            timeout_s: How long the keyring may take for one answer, its prompt included.
        """
        self._timeout_s = timeout_s
        self._memory: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        self._backend: KeyringBackend | None = None
        self._looked = False
        self._problem = ""

    def get(self, connection: str, secret: str) -> Secret | None:
        """Return a secret, or None if it is nowhere to be found."""
        value = os.environ.get(variable(connection, secret))
        value = value or self._memory.get((connection, secret))
        value = value or self._ask(lambda at: at.get_password(_service(connection), secret))
        if not value:
            return None
        register_secret(value)
        return Secret(value)

    def require(self, connection: str, secret: str) -> Secret:
        """Return a secret that there must be.

        Raises:
            NoKeyring: It is not in the environment, and there is no keyring to look in.
            NotSignedIn: There is a keyring, but not this secret in it.
        """
        value = self.get(connection, secret)
        if value:
            return value
        name = variable(connection, secret)
        summary = f"There is no {secret} for connection {connection!r}"
        backend = self._keyring()
        if backend is None:
            raise NoKeyring(f"{summary}: {self._problem}.", f"Set {name} in the environment.")
        raise NotSignedIn(
            f"{summary} in {_place(backend)}.", f"Give it to the connection again, or set {name}."
        )

    def set(self, connection: str, secret: str, value: str) -> bool:
        """Keep a secret and return whether it is saved.

        If not, because there is no keyring or it did not take the value, it is kept until this
        process ends.
        """
        register_secret(value)
        problem = self._save(connection, secret, value)
        if not problem:
            self._memory.pop((connection, secret), None)
            return True
        self._memory[connection, secret] = value
        # Who asked tells the person (`connect` and the window do); the log has it for later.
        log.info(
            "A secret of connection %s is not saved: %s. It is kept until Concord ends; "
            "next time set %s.",
            connection,
            problem,
            variable(connection, secret),
        )
        return False

    def delete(self, connection: str, secret: str) -> None:
        """Forget a secret wherever it was kept; that there was none is no error.

        The environment is not ours: a variable that holds the secret stays.
        """
        self._memory.pop((connection, secret), None)
        self._ask(lambda at: _delete(at, _service(connection), secret))

    def is_saving(self) -> bool:
        """Return whether there is a keyring, so that secrets outlive this process."""
        return self._keyring() is not None

    def where(self) -> str:
        """Say in a sentence where secrets are kept on this machine."""
        backend = self._keyring()
        if backend:
            return f"Secrets are kept in {_place(backend)}."
        return (
            f"Secrets are kept until Concord ends, and not saved: {self._problem}. They are looked "
            f"for in environment variables named like {variable('connection', 'secret')}."
        )

    def _keyring(self) -> "KeyringBackend | None":
        """Return the keyring of the system; None, and why in `_problem`, if it cannot be used."""
        with self._lock:
            if not self._looked:
                try:
                    self._backend = _within(self._timeout_s, _safe_backend)
                except _Unusable as error:
                    self._problem = str(error)
                self._looked = True
            return self._backend

    def _save(self, connection: str, secret: str, value: str) -> str:
        """Return why the keyring did not take a value, or nothing if it did."""
        backend = self._keyring()
        if backend is None:
            return self._problem
        # One value refused (some keyrings have a largest size) is no reason to stop reading others.
        service = _service(connection)
        try:
            _within(self._timeout_s, lambda: backend.set_password(service, secret, value))
        except _Unusable as error:
            return str(error)
        return ""

    def _ask(self, question: "Callable[[KeyringBackend], T]") -> T | None:
        """Return the keyring's answer, or None if there is no keyring or it fails."""
        backend = self._keyring()
        if backend is None:
            return None
        try:
            return _within(self._timeout_s, lambda: question(backend))
        except _Unusable as error:
            with self._lock:
                self._backend, self._problem = None, str(error)
            log.warning("Secrets can no longer be read or saved: %s.", error)
            return None


def _service(connection: str) -> str:
    return f"concord {connection}"


def _place(backend: "KeyringBackend") -> str:
    return SAFE_BACKENDS[type(backend).__module__]


def _safe_backend() -> "KeyringBackend":
    """Return the first backend that may keep secrets, out of what is installed and runs."""
    import keyring  # noqa: PLC0415 - costs a tenth of a second, and a script with variables needs none
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415 - as above

    chosen = keyring.get_keyring()
    # A chainer would also hand a secret to those of its members that we do not trust.
    members = chosen.backends if isinstance(chosen, ChainerBackend) else [chosen]
    for backend in members:
        if type(backend).__module__ in SAFE_BACKENDS:
            return backend
    refused = sorted({type(each).__module__ for each in members} - _EMPTY_BACKENDS)
    if refused:
        raise _Unusable(f"the keyring here is {', '.join(refused)}, which is not known to be safe")
    raise _Unusable("there is no keyring on this machine")


def _delete(backend: "KeyringBackend", service: str, secret: str) -> None:
    from keyring.errors import PasswordDeleteError  # noqa: PLC0415 - loaded already by _safe_backend

    try:
        backend.delete_password(service, secret)
    except PasswordDeleteError:
        log.debug("There was nothing to delete for %s", service)


def _within(timeout_s: float, question: Callable[[], T]) -> T:
    """Return the answer to a question that may block on a prompt nobody sees.

    Raises:
        _Unusable: No answer in time, or one of the errors that a keyring is known to raise.
    """
    # Its threads are daemons: an executor's would be waited for when the process ends.
    from multiprocessing.pool import ThreadPool  # noqa: PLC0415 - only when the keyring is asked

    with ThreadPool(1) as pool:
        try:
            return pool.apply_async(question).get(timeout_s)
        except multiprocessing.TimeoutError:
            raise _Unusable(f"the keyring did not answer within {timeout_s:g} seconds") from None
        except _keyring_errors() as error:
            # not its message, which is a stranger's and may hold anything
            raise _Unusable(f"the keyring failed ({type(error).__name__})") from error


def _keyring_errors() -> tuple[type[BaseException], ...]:
    """Return what backends let through; what is not loaded cannot have raised."""
    loaded = ((sys.modules.get(module), name) for module, name in _FOREIGN_ERRORS)
    foreign = (getattr(module, name, None) for module, name in loaded if module)
    return (OSError, RuntimeError, *(error for error in foreign if error))
