"""What a kind of connection asks for: its settings and secrets, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from app.connectors.protocol import Connector
from app.domain.control import CancelToken, Report
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Side
from app.errors import NotSignedIn, WrongUse

ReadSecret = Callable[[str], str | None]
SaveSecret = Callable[[str, str], None]
_MOST_DIGITS = 15
OpenBrowser = Callable[[str], bool]
"""Shows a URL to the user and returns whether that worked; may raise an `AppError`."""


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting of a connection; never a secret."""

    name: str
    label: str
    hint: str
    required: bool = True
    default: str = ""
    kind: Literal["text", "url", "number"] = "text"

    @property
    def named(self) -> str:
        """How errors call it: by the name of the command line, and as the window does."""
        return f"{self.name!r} ({self.label})"


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """One secret of a connection; kept in the keyring or the environment, never beside it."""

    name: str
    label: str
    hint: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What signing in gave, to be kept beside what the user gave."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


class SignIn(Protocol):
    """Signs in with the user's browser; saves nothing.

    Raises:
        NotSignedIn: It was refused, or nobody came back from the browser in time.
        Cancelled: The user stopped it; it ends within a second.
    """

    def __call__(
        self,
        given: "Given",
        open_browser: OpenBrowser,
        cancel: CancelToken,
        report: Report,
        /,
    ) -> SignedIn:
        """Return what is to be kept."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """A kind of connection: which side it serves and what it needs to be told.

    Attributes:
        sign_in: How to sign in with a browser, for kinds that can.
        mapping: The mapping that comes with Concord for a billing kind, `""` for none.
        is_production: Whether settings by themselves say that real customers depend on it.
    """

    kind: str
    label: str
    side: Side
    settings: tuple[SettingSpec, ...]
    secrets: tuple[SecretSpec, ...]
    sign_in: SignIn | None = None
    mapping: str = ""
    is_production: Callable[[Mapping[str, str]], bool] = field(default=lambda _settings: False)


@dataclass(frozen=True, slots=True)
class ReadySettings:
    """What a running sandbox's ready file says of one kind (design.md §5)."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str]


class ConnectorFolder(Protocol):
    """What the `__init__` of a connector's folder offers."""

    SPEC: ConnectorSpec

    def connect(
        self,
        name: str,
        settings: Mapping[str, str],
        secret: ReadSecret,
        *,
        mapping: WorkspaceMapping,
        save_secret: SaveSecret | None = None,
    ) -> Connector:
        """Return a connector; nothing is sent yet."""
        ...

    def from_ready(self, part: Mapping[str, Any]) -> ReadySettings:
        """Return settings and secrets from the sandbox's part of the ready file."""
        ...


def variable(connection: str, secret: str) -> str:
    """Return the environment variable that may hold a connection's secret (design.md §5)."""
    return f"CONCORD_{connection}_{secret}".upper().replace("-", "_")


@dataclass(frozen=True)
class Given:
    """The settings and secrets of one connection, checked against what its kind asks for."""

    connection: str
    spec: ConnectorSpec
    settings: Mapping[str, str]
    secret: ReadSecret = field(repr=False)

    def setting(self, name: str) -> str:
        """Return a setting or its default; blanks at the ends are dropped.

        Raises:
            WrongUse: It is required and empty.
        """
        asked = self._asked(name)
        value = self.settings.get(name, "").strip() or asked.default
        if not value and asked.required:
            raise WrongUse(
                f"Connection {self.connection!r} lacks the setting {asked.named}.", asked.hint
            )
        return value

    def url(self, name: str) -> str:
        """Return a setting that is a URL, without a slash at the end."""
        value = self.setting(name)
        if value and not _is_url(value):
            raise WrongUse(
                f"Connection {self.connection!r}: the setting {self._asked(name).named} is no URL.",
                "Write it as https://HOST, with a port or a path behind it if need be.",
            )
        return value.rstrip("/")

    def number(self, name: str) -> int:
        """Return a setting that is a whole number above zero."""
        value, asked = self.setting(name), self._asked(name)
        digits = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
        if not digits or int(value) == 0:
            where = f"Connection {self.connection!r}: the setting {asked.named}"
            words = f"{where} is no whole number above 0 of at most {_MOST_DIGITS} digits."
            raise WrongUse(words, "Give another with --set, or in the window.")
        return int(value)

    def check(self) -> None:
        """Raise `WrongUse` for the first setting that cannot be what it says; no secret is read."""
        for asked in self.spec.settings:
            if asked.kind == "number":
                self.number(asked.name)
            elif asked.kind == "url":
                self.url(asked.name)
            else:
                self.setting(asked.name)

    def _asked(self, name: str) -> SettingSpec:
        return next(item for item in self.spec.settings if item.name == name)

    def secret_value(self, name: str) -> str:
        """Return a secret, `""` where it is optional and not there.

        Raises:
            NotSignedIn: It is required and not to be had.
        """
        asked = next(item for item in self.spec.secrets if item.name == name)
        value = self.secret(name) or ""
        if not value and asked.required:
            raise NotSignedIn(
                f"Connection {self.connection!r} has no {asked.label} ({name}).",
                f"Give it with `concord connect`, or in {variable(self.connection, name)}.",
            )
        return value


def _is_url(text: str) -> bool:
    """Return whether a text is the URL of a web server: with a host, and no port beyond 65535."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket, a port that is none
        return False
