"""Where Concord keeps what is not a record: its settings, and the connections and workspaces."""

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from app.errors import AppError, NotFound, WrongUse, file_trouble

LogLevel = Literal["debug", "info", "warning", "error"]
CONNECTIONS = "connections"
WORKSPACES = "workspaces"
MAPPINGS = "mappings"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SECRET_WORDS = re.compile(
    r"secret|passw|token$|auth_?key|api_?key|private_?key|access_?key", re.IGNORECASE
)
_SIGNED_IN = re.compile(r"//[^/?#\s]*@")  # who signs in stands before the host
_Line = Annotated[str, msgspec.Meta(pattern=r"^[^\r\n]*$")]  # what goes into a header
_Value = TypeVar("_Value", "Settings", "Connection", "Workspace")
_Named = TypeVar("_Named", "Connection", "Workspace")


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}):
    """The server by which e-mail is sent, `[mail]` in `settings.toml`; its password is a secret.

    Attributes:
        sender: The address that it comes from; `from` in the file.
        to: Who is told of every job that names nobody.
        user: Signs in to the server; `""` for a server that asks nobody.
    """

    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    sender: _Line = ""
    to: tuple[_Line, ...] = ()
    starttls: bool = True
    user: str = ""


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where events are received, `[listen]` in `settings.toml`.

    Attributes:
        address: `HOST:PORT` for `concord serve`; `""` for nowhere, unless it is told otherwise.
        certificate: Path of a PEM file, beside `settings.toml` unless it is absolute; `""` where
            a reverse proxy speaks TLS.
        key_file: Path of its key's PEM file; `""` where the key stands in the same file.
        proxies: Networks of reverse proxies that may say for whom they ask.
    """

    address: str = ""
    certificate: str = ""
    key_file: str = ""
    proxies: tuple[_Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person can set for all workspaces, in `settings.toml` of Concord's folder.

    Attributes:
        log_level: The least that goes into the log file.
        keyring_timeout_s: How long the keyring may take to answer; its own prompt counts.
        mail: By which server people are told of failed jobs.
        listen: Where events are received.
    """

    log_level: LogLevel = "info"
    keyring_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    mail: Mail = field(default_factory=Mail)
    listen: Listen = field(default_factory=Listen)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one system; what is secret about it is in the keyring.

    Attributes:
        name: Names it in the window, on the command line and in the environment.
        kind: `aria`, `orb` or `salesforce`.
        settings: Addresses, client numbers and the like; none of them secret.
        production: Whether real customers depend on what is behind it.
        secrets: The names of the secrets that it needs, not their values.
    """

    name: str
    kind: str
    settings: Mapping[str, str] = field(default_factory=dict)
    production: bool = False
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """One billing and one Salesforce connection, with a mapping and a store.

    Attributes:
        name: Names it in the window and on the command line.
        billing: Name of the billing connection.
        salesforce: Name of the Salesforce connection.
        mapping: Name of a mapping that comes with Concord, or the path of a file.
        store: Path of the SQLite file; empty for the usual place.
        keep_days: Commits of so many days are kept when the history is pruned; 0 is no rule.
        keep_commits: So many of the newest commits are kept then; 0 is no rule.
        without: Entities of the mapping that are left out, with all below them.
    """

    name: str
    billing: str
    salesforce: str
    mapping: str
    store: str = ""
    keep_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    keep_commits: Annotated[int, msgspec.Meta(ge=0)] = 0
    without: tuple[str, ...] = ()


def home() -> Path:
    """Return Concord's folder, there or not: `CONCORD_HOME`, else the platform's place."""
    chosen = os.environ.get("CONCORD_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_config_path  # noqa: PLC0415 - not needed where the place is set

    return user_config_path("concord", appauthor=False)


def resource(*parts: str) -> Traversable:
    """Return a file or folder of `resources`, the same in a clone and in an installed wheel.

    Raises:
        NotFound: Concord came without it.
    """
    found = files("resources").joinpath(*parts)
    if not (found.is_file() or found.is_dir()):
        raise NotFound(f"Concord has no resource {'/'.join(parts)}.", "Install Concord again.")
    return found


def load_settings(base: Path) -> Settings:
    """Return what `settings.toml` says, with the usual value for what it does not say.

    Raises:
        WrongUse: The file is damaged, or has a setting or a value that means nothing.
    """
    file = base / "settings.toml"
    text = _read(file)
    if text is None:
        return Settings()
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongUse(f"{file}: {error}.", "Mend the line, or delete the file.") from error
    return _Source(file, text).convert(values, Settings)


def checked_name(name: str) -> str:
    """Return a name that can be a file's name and part of an environment variable's.

    Raises:
        WrongUse: It cannot.
    """
    if NAME.fullmatch(name):
        return name
    raise WrongUse(
        f"{name!r} cannot be a name.",
        "Use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or a digit.",
    )


def list_connections(base: Path) -> tuple[Connection, ...]:
    """Return all connections, by name."""
    return tuple(load_connection(base, name) for name in _names(base / CONNECTIONS))


def load_connection(base: Path, name: str) -> Connection:
    """Return a connection.

    Raises:
        NotFound: There is none of that name.
        WrongUse: Its file is damaged; the message names file and line.
    """
    return _load(base / CONNECTIONS, name, Connection)


def save_connection(base: Path, connection: Connection) -> None:
    """Keep a connection, in place of the one that had its name.

    Raises:
        WrongUse: Name or kind cannot be one, the environment could not tell it from another, or a
            setting holds what belongs in the keyring.
    """
    checked_name(connection.kind)
    for secret in connection.secrets:
        checked_name(secret)
    for key, value in connection.settings.items():
        if _SIGNED_IN.search(value):
            raise WrongUse(
                f"{key} of connection {connection.name!r} has a user name or a password in it.",
                "Write the address without; what is secret goes into the keyring by --secret.",
            )
        if key in connection.secrets or _SECRET_WORDS.search(key):
            raise WrongUse(
                f"{key} of connection {connection.name!r} is a secret, not a setting.",
                f"Give it as --secret {key}=- and it goes into the keyring.",
            )
    for other in _names(base / CONNECTIONS):
        if other != connection.name and _folded(other) == _folded(connection.name):
            raise WrongUse(
                f"Connection {connection.name!r} would share its environment variables with "
                f"{other!r}.",
                "Choose a name that differs in more than - and _.",
            )
    _save(base / CONNECTIONS, connection)


def delete_connection(base: Path, name: str) -> None:
    """Forget a connection; its secrets are the keyring's (`Credentials.delete`).

    Raises:
        NotFound: There is none of that name.
        WrongUse: A workspace uses it.
    """
    load_connection(base, name)
    for workspace in list_workspaces(base):
        if name in {workspace.billing, workspace.salesforce}:
            raise WrongUse(
                f"Workspace {workspace.name!r} uses connection {name!r}.",
                "Delete the workspace first.",
            )
    _delete(base / CONNECTIONS, name)


def list_workspaces(base: Path) -> tuple[Workspace, ...]:
    """Return all workspaces, by name."""
    return tuple(load_workspace(base, name) for name in _names(base / WORKSPACES))


def load_workspace(base: Path, name: str) -> Workspace:
    """Return a workspace.

    Raises:
        NotFound: There is none of that name.
        WrongUse: Its file is damaged; the message names file and line.
    """
    return _load(base / WORKSPACES, name, Workspace)


def check_sides(base: Path, workspace: Workspace) -> None:
    """Make sure that a workspace has one billing and one Salesforce connection.

    Raises:
        NotFound: One of its connections does not exist.
        WrongUse: They are on the wrong sides.
    """
    billing = load_connection(base, workspace.billing)
    salesforce = load_connection(base, workspace.salesforce)
    if billing.kind == "salesforce" or salesforce.kind != "salesforce":
        raise WrongUse(
            f"Workspace {workspace.name!r} cannot have {billing.kind} as its billing side and "
            f"{salesforce.kind} as its Salesforce side.",
            "A workspace is one billing connection and one Salesforce connection.",
        )


def save_workspace(base: Path, workspace: Workspace) -> None:
    """Keep a workspace, in place of the one that had its name.

    Raises:
        NotFound: One of its connections does not exist.
        WrongUse: Its name cannot be one, or its connections are on the wrong sides.
    """
    check_sides(base, workspace)
    _save(base / WORKSPACES, workspace)


def delete_workspace(base: Path, name: str) -> None:
    """Forget a workspace; its store stays where it is, for it holds the history.

    Raises:
        NotFound: There is none of that name.
    """
    load_workspace(base, name)
    _delete(base / WORKSPACES, name)


def store_file(base: Path, workspace: Workspace) -> Path:
    """Return the file of a workspace's store, there or not."""
    return base / (workspace.store or f"stores/{workspace.name}.sqlite")


def mapping_file(base: Path, workspace: Workspace) -> Traversable:
    """Return the mapping of a workspace: one that comes with Concord, else a file of the user's.

    Raises:
        NotFound: There is neither.
    """
    own = base / Path(workspace.mapping).expanduser()
    if own.is_file():
        return own
    shipped = resource("mappings")
    name = f"{workspace.mapping}.toml"
    if NAME.fullmatch(workspace.mapping) and shipped.joinpath(name).is_file():
        return shipped.joinpath(name)
    known = ", ".join(sorted(each.name.removesuffix(".toml") for each in shipped.iterdir()))
    raise NotFound(
        f"There is no mapping {workspace.mapping!r}.",
        f"Name a file that exists, or one that comes with Concord: {known}.",
    )


def mapping_text(file: Traversable) -> str:
    """Return the text of a mapping's file.

    Raises:
        WrongUse: It cannot be read, or is no text.
    """
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            f"The mapping {file} cannot be read: {file_trouble(error)}.",
            "Name another file, or mend this one.",
        ) from error


def included_mapping(file: Traversable, name: str) -> str | None:
    """Return the text of a mapping that `file` includes: a file beside it, or one of Concord's."""
    places = [resource("mappings").joinpath(f"{name}.toml")]
    if isinstance(file, Path):
        places.insert(0, file.parent / name)
    found = next((place for place in places if place.is_file()), None)
    return None if found is None else mapping_text(found)


def shipped_mappings() -> Mapping[str, str]:
    """Return the texts of the mappings that come with Concord, by name."""
    found = sorted(resource("mappings").iterdir(), key=lambda each: each.name)
    return {
        each.name.removesuffix(".toml"): each.read_text("utf-8")
        for each in found
        if each.name.endswith(".toml")
    }


def save_mapping(base: Path, workspace: Workspace, text: str) -> Workspace:
    """Keep a text as a workspace's own mapping, the former one beside it; return the workspace.

    The own one is `mappings/NAME.toml`, the former `mappings/NAME.before.toml`. Where the two are
    the same, that one is left as it is.
    """
    name = checked_name(workspace.name)
    former = mapping_text(mapping_file(base, workspace))
    if former != text:
        _replace(base / MAPPINGS / f"{name}.before.toml", former)
    _replace(base / MAPPINGS / f"{name}.toml", text)
    changed = replace(workspace, mapping=f"{MAPPINGS}/{name}.toml")
    if changed != workspace:
        _save(base / WORKSPACES, changed)
    return changed


@dataclass(frozen=True, slots=True)
class _Source:
    """A file as it was read, to say where in it an error stands."""

    file: Path
    text: str

    def convert(self, values: Mapping[str, Any], kind: type[_Value]) -> _Value:
        unknown = values.keys() - {each.name for each in fields(kind)}
        for key in sorted(unknown):
            raise self.wrong(key, f"{key} means nothing here.")
        try:
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            what, _, path = str(error).partition(" - at `$.")
            key = re.split(r"[.\[`]", path)[0]
            raise self.wrong(key, f"{key}: {what}." if key else f"{what}.") from error

    def wrong(self, key: str, what: str) -> WrongUse:
        place = rf"^[{{\s]*[\"']?{re.escape(key)}[\"']?\s*[=:]"
        found = re.search(place, self.text, re.MULTILINE) if key else None
        line = f", line {self.text.count(chr(10), 0, found.end()) + 1}" if found else ""
        return WrongUse(f"{self.file}{line}: {what}", "Mend the file, or delete it.")


def _folded(name: str) -> str:
    return name.replace("-", "_")


def _names(folder: Path) -> list[str]:
    with _told(folder):  # a folder that this user may not list is not empty, as `glob` has it
        try:
            files = [file for file in folder.iterdir() if file.suffix == ".json"]
        except FileNotFoundError:
            return []
    return sorted(file.stem for file in files if NAME.fullmatch(file.stem))


def _load(folder: Path, name: str, kind: type[_Named]) -> _Named:
    file = folder / f"{checked_name(name)}.json"
    text = _read(file)
    if text is None:
        there = ", ".join(_names(folder)) or "none yet"
        raise NotFound(f"There is no {kind.__name__.lower()} {name!r}.", f"There are: {there}.")
    source = _Source(file, text)
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise WrongUse(
            f"{file}, line {error.lineno}: {error.msg}.", "Mend the file, or delete it."
        ) from error
    if not isinstance(values, dict):
        raise source.wrong("", "this is not a JSON object.")
    return source.convert({**values, "name": name}, kind)


def _save(folder: Path, value: Connection | Workspace) -> None:
    values = {each.name: getattr(value, each.name) for each in fields(value)}
    name = checked_name(values.pop("name"))
    text = json.dumps(values, indent=2, ensure_ascii=False, default=dict)
    _replace(folder / f"{name}.json", text + "\n")


def _delete(folder: Path, name: str) -> None:
    file = folder / f"{name}.json"
    with _told(file):
        file.unlink(missing_ok=True)


def _read(file: Path) -> str | None:
    """Return a file's text, or None where there is no file."""
    with _told(file):
        try:
            return file.read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise WrongUse(f"{file} is not UTF-8 text.", "Mend the file, or delete it.") from error


def _replace(file: Path, text: str) -> None:
    """Put a text in a file that only its owner may read; after a crash it is the old or the new."""
    with _told(file):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(prefix=".", suffix=".new", dir=file.parent)
        try:
            with open(number, "w", encoding="utf-8") as new:  # noqa: PTH123 - it is open already
                new.write(text)
                new.flush()
                os.fsync(number)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AppError(
            f"{file} cannot be used: {error.strerror or error}.",
            "Give Concord another folder with CONCORD_HOME, or mend this one.",
        ) from error
