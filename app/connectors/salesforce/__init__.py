"""Salesforce: read by queries or bulk jobs, written by external id in collections or bulk jobs."""

from collections.abc import Mapping
from typing import Any

from app.connectors.protocol import Connector
from app.connectors.spec import (
    ConnectorSpec,
    Given,
    OpenBrowser,
    ReadSecret,
    ReadySettings,
    SaveSecret,
    SecretSpec,
    SettingSpec,
    SignedIn,
)
from app.domain.control import CancelToken, Report
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Side


def _sign_in(
    given: Given, open_browser: OpenBrowser, cancel: CancelToken, report: Report
) -> SignedIn:
    from app.connectors.salesforce.sign_in import (  # noqa: PLC0415 - start-up time (design.md §6)
        sign_in,
    )

    return sign_in(given, open_browser, cancel, report)


SPEC = ConnectorSpec(
    kind="salesforce",
    label="Salesforce",
    side=Side.SALESFORCE,
    settings=(
        SettingSpec(
            "login_url",
            "Sign-in URL",
            "The org's My Domain, such as https://NAME.my.salesforce.com.",
            kind="url",
        ),
        SettingSpec(
            "instance_url",
            "Instance URL",
            "Filled in by signing in; else only for a pasted access token.",
            required=False,
            kind="url",
        ),
        SettingSpec(
            "client_id",
            "Consumer key",
            "Of the External Client App that the org's admin installed.",
            required=False,
        ),
        SettingSpec(
            "username",
            "Username",
            "Only for a private key: under whom to work, such as integration@example.com.",
            required=False,
        ),
        SettingSpec("api_version", "API version", "Such as 66.0.", default="66.0"),
        SettingSpec(
            "reserve",
            "Calls left to others",
            "Of a day's API calls: a share such as 5%, or a number. Concord stops before them.",
            default="5%",
        ),
        SettingSpec(
            "pubsub",
            "Change events",
            "Host and port of the Pub/Sub API; - where the edition has none: then Concord asks.",
            default="api.pubsub.salesforce.com:7443",
        ),
        SettingSpec(
            "parallel", "Calls at once", "A whole number above 0.", default="8", kind="number"
        ),
        SettingSpec(
            "read_timeout_s",
            "Seconds to wait for an answer",
            "A whole number above 0.",
            default="120",
            kind="number",
        ),
    ),
    secrets=(
        SecretSpec("access_token", "access token", "An open session.", required=False),
        SecretSpec("refresh_token", "refresh token", "From signing in.", required=False),
        SecretSpec("client_secret", "consumer secret", "For client credentials.", required=False),
        SecretSpec(
            "jwt_private_key",
            "private key",
            "In PEM; its certificate is in the app. For unattended work.",
            required=False,
        ),
    ),
    sign_in=_sign_in,
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
    from app.connectors.salesforce.connector import (  # noqa: PLC0415 - start-up time (design.md §6)
        build,
    )

    return build(Given(name, SPEC, settings, secret), mapping, save_secret)


def from_ready(part: Mapping[str, Any]) -> ReadySettings:
    """Return settings and secrets from `salesforce` of a ready file (design.md §5)."""
    settings = {
        "login_url": str(part["instance_url"]),
        "instance_url": str(part["instance_url"]),
        "client_id": str(part.get("client_id") or ""),
        "username": str(part.get("username") or ""),
        "api_version": str(part.get("api_version") or ""),
        "pubsub": str(part.get("pubsub") or ""),
    }
    names = (item.name for item in SPEC.secrets)
    secrets = {name: str(part[name]) for name in names if part.get(name)}
    return ReadySettings({name: value for name, value in settings.items() if value}, secrets)
