"""Orb: the eight objects of its own Salesforce integration read, its customers updated."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

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


def _is_production(settings: Mapping[str, str]) -> bool:
    """Return whether a key is of live mode, but for a server on this machine (orb.md §1)."""
    host = urlsplit(settings.get("base_url", "").strip()).hostname or ""
    return settings.get("mode", "").strip() != "test" and not _is_here(host)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


SPEC = ConnectorSpec(
    kind="orb",
    label="Orb",
    side=Side.BILLING,
    settings=(
        SettingSpec(
            "base_url",
            "API URL",
            "Orb's is https://api.withorb.com/v1 (orb.md §1).",
            required=False,
            default="https://api.withorb.com/v1",
            kind="url",
        ),
        SettingSpec(
            "mode",
            "Mode of the key",
            "live or test, as the switch in Orb stood when the key was made; live is production.",
            required=False,
            default="live",
        ),
        SettingSpec(
            "credit_currencies",
            "Currencies of credit ledgers",
            "With commas between, such as credits,USD; empty for all that plans or customers name.",
            required=False,
        ),
        SettingSpec(
            "parallel", "Calls at once", "A whole number above 0.", default="8", kind="number"
        ),
        SettingSpec(
            "read_timeout_s",
            "Seconds to wait for an answer",
            "A whole number above 0.",
            default="60",
            kind="number",
        ),
        SettingSpec(
            "event_sources",
            "Networks that webhooks come from",
            "With commas between, such as 198.51.100.0/24; empty for any: they are signed.",
            required=False,
        ),
    ),
    secrets=(
        SecretSpec("api_key", "API key", "Made in Orb under Developers."),
        SecretSpec(
            "webhook_secret",
            "secret of the webhook endpoint",
            "Shown by Orb when the endpoint is made; only for concord serve --listen.",
            required=False,
        ),
    ),
    mapping="orb",
    is_production=_is_production,
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
    from app.connectors.orb.connector import (  # noqa: PLC0415 - start-up time (design.md §6)
        build,
    )

    del mapping, save_secret  # a read names its entities; Orb replaces no keys by itself
    return build(Given(name, SPEC, settings, secret))


def from_ready(part: Mapping[str, Any]) -> ReadySettings:
    """Return settings and secrets from `orb` of a ready file (design.md §5).

    Of test mode, whichever of the sandbox's two sets the key reaches: neither bills anybody.
    """
    settings = {"base_url": str(part["base_url"]), "mode": "test"}
    names = ("api_key", "webhook_secret")
    return ReadySettings(settings, {name: str(part[name]) for name in names if name in part})
