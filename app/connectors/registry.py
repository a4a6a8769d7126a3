"""Finds the connectors: each folder beside this file is one, imported when first asked for."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import app.connectors
from app.connectors.protocol import Connector
from app.connectors.spec import (
    ConnectorFolder,
    ConnectorSpec,
    ReadSecret,
    ReadySettings,
    SaveSecret,
)
from app.domain.mapping import WorkspaceMapping
from app.domain.offer import Offer
from app.domain.record import Record
from app.errors import WrongUse


class OffersModule(Protocol):
    """The module `offers` of a connector: what the system sells, from records of some entities."""

    FIELDS: Mapping[str, Sequence[str]]
    """What it has to know: entity → the fields that a mapping must have of it."""

    def offers(
        self, mapping: WorkspaceMapping, records: Mapping[str, Sequence[Record]]
    ) -> Iterator[Offer]:
        """Yield the plans with their prices; `records` has those of `FIELDS`, by entity."""
        ...


def kinds() -> tuple[str, ...]:
    """Return the kinds of connection that there are, in alphabetical order."""
    found = pkgutil.iter_modules(app.connectors.__path__)
    return tuple(sorted(module.name for module in found if module.ispkg))


def spec(kind: str) -> ConnectorSpec:
    """Return what a kind of connection asks for; raises `WrongUse` for an unknown kind."""
    return _folder(kind).SPEC


def connect(
    kind: str,
    name: str,
    settings: Mapping[str, str],
    secret: ReadSecret,
    *,
    mapping: WorkspaceMapping,
    save_secret: SaveSecret | None = None,
) -> Connector:
    """Return the connector of a connection; nothing is sent yet.

    `secret` gives a secret by its name or None; `save_secret` takes one that the system replaced.

    Raises:
        WrongUse: The kind is unknown, or a setting is missing or cannot be what it says.
        NotSignedIn: A secret that is needed is not there.
    """
    return _folder(kind).connect(name, settings, secret, mapping=mapping, save_secret=save_secret)


def from_ready(kind: str, part: Mapping[str, Any]) -> ReadySettings:
    """Return a kind's settings and secrets from its part of a sandbox's ready file."""
    return _folder(kind).from_ready(part)


def offering(kind: str) -> OffersModule:
    """Return what tells of a kind's plans and prices; raises `WrongUse` where nothing does."""
    _folder(kind)
    name = f"app.connectors.{kind}.offers"
    if importlib.util.find_spec(name) is None:
        raise WrongUse(f"Plans and prices of {kind} cannot be told.", "Name a billing connection.")
    return cast("OffersModule", importlib.import_module(name))


def _folder(kind: str) -> ConnectorFolder:
    known = kinds()
    if kind not in known:
        raise WrongUse(
            f"There is no connection of kind {kind!r}.", f"Known kinds: {', '.join(known)}."
        )
    return cast("ConnectorFolder", importlib.import_module(f"app.connectors.{kind}"))
