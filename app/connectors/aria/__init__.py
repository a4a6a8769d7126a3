"""Aria: the catalog and accounts, read by Core and Object Query, written by Core and AdminTools."""

from collections.abc import Mapping
from typing import Any

from app.connectors.protocol import Connector
from app.connectors.spec import (
    ConnectorSpec,
    Given,
    ReadSecret,
    ReadySettings,
    SaveSecret,
    SecretSpec,
    SettingSpec,
)
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Side

SPEC = ConnectorSpec(
    kind="aria",
    label="Aria",
    side=Side.BILLING,
    settings=(
        SettingSpec(
            "core_url",
            "Core API URL",
            "Such as https://secure.future.stage.ariasystems.net/v1/core (aria.md §1.1).",
            kind="url",
        ),
        SettingSpec(
            "admin_url",
            "AdminTools URL",
            "Such as https://admintools.future.stage.ariasystems.net/AdminTools.php/Dispatcher.",
            kind="url",
        ),
        SettingSpec("client_no", "Client number", "A whole number above 0.", kind="number"),
        SettingSpec(
            "object_query_url",
            "Object Query URL",
            "Needed for accounts and their transactions, such as "
            "https://secure.future.stage.ariasystems.net/api/AriaQuery/objects.php (aria.md §1.2).",
            required=False,
            kind="url",
        ),
        SettingSpec(
            "promo_code",
            "Promotion code",
            "Only plans behind it are read; leave it empty for the whole catalog.",
            required=False,
        ),
        SettingSpec(
            "alt_caller_id",
            "Caller label",
            "Stands in Aria's audit log; at most 30 characters.",
            required=False,
        ),
        SettingSpec(
            "parallel", "Calls at once", "A whole number above 0.", default="3", kind="number"
        ),
        SettingSpec(
            "read_timeout_s",
            "Seconds to wait for an answer",
            "A whole number above 0.",
            default="120",
            kind="number",
        ),
        SettingSpec(
            "event_answer",
            "Answer to events",
            "The Server Response of the destination in Aria.",
            required=False,
            default="OK",
        ),
        SettingSpec(
            "event_sources",
            "Networks that events come from",
            "With commas between, such as 198.51.100.0/24; empty for any (aria.md §3.2).",
            required=False,
        ),
    ),
    secrets=(
        SecretSpec(
            "auth_key",
            "authentication key",
            "Shown in Aria under Configuration > Integrations > Web Service API.",
        ),
        SecretSpec(
            "event_path",
            "secret end of the address for events",
            "32 letters and digits of your own; only for concord serve --listen.",
            required=False,
        ),
        SecretSpec(
            "event_key",
            "key in events",
            "Only where Aria's events carry another key than the one above.",
            required=False,
        ),
    ),
    mapping="aria_catalog",
)


def connect(
    name: str,
    settings: Mapping[str, str],
    secret: ReadSecret,
    *,
    mapping: WorkspaceMapping,
    save_secret: SaveSecret | None = None,
) -> Connector:
    """Return the connector of a connection; nothing is sent yet."""
    from app.connectors.aria.connector import (  # noqa: PLC0415 - start-up time (design.md §6)
        build,
    )

    del mapping, save_secret  # a read names its entities; Aria replaces no keys by itself
    return build(Given(name, SPEC, settings, secret))


def from_ready(part: Mapping[str, Any]) -> ReadySettings:
    """Return settings and secrets from `aria` of a ready file (design.md §5).

    Its promo code is one to try, not a wish to see a part of the catalog, so it is left out.
    """
    names = ("core_url", "admin_url", "client_no")
    settings = {name: str(part[name]) for name in names}
    if part.get("object_query_url"):
        settings["object_query_url"] = str(part["object_query_url"])
    return ReadySettings(settings, {"auth_key": str(part["auth_key"])})
