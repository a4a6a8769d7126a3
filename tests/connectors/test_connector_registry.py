"""Finding connectors, and what their kinds ask for."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from app.connectors import registry
from app.connectors.spec import variable
from app.domain.mapping import WorkspaceMapping
from app.domain.record import Side
from app.errors import NotSignedIn, WrongUse

ARIA = {"core_url": "https://a/", "admin_url": "https://b", "client_no": "7"}
READY: dict[str, dict[str, Any]] = {
    "aria": {"core_url": "c", "admin_url": "a", "client_no": 1, "auth_key": "k", "promo_code": "P"},
    "orb": {"base_url": "o", "api_key": "k", "test_api_key": "t", "webhook_secret": "w"},
    "salesforce": {
        "instance_url": "i",
        "api_version": "66.0",
        "access_token": "t",
        "client_id": "",
    },
}


def test_each_folder_is_a_kind() -> None:
    assert registry.kinds() == ("aria", "orb", "salesforce")
    assert {registry.spec(kind).side for kind in registry.kinds()} == set(Side)


def test_an_unknown_kind_names_the_known_ones() -> None:
    for ask in (registry.spec, lambda kind: registry.from_ready(kind, {})):
        with pytest.raises(WrongUse, match=r"'oracle'.*aria, orb, salesforce"):
            ask("oracle")


def test_asking_what_a_kind_needs_imports_nothing_heavy() -> None:
    script = (
        "import sys; from app.connectors import registry;"
        "[registry.spec(kind) for kind in registry.kinds()];"
        "print([name for name in ('requests', 'simple_salesforce') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


@pytest.mark.parametrize("kind", ["aria", "orb", "salesforce"])
def test_a_ready_file_gives_the_settings_and_secrets_that_the_kind_knows(kind: str) -> None:
    ready, spec = registry.from_ready(kind, READY[kind]), registry.spec(kind)
    assert set(ready.settings) <= {setting.name for setting in spec.settings}
    assert set(ready.secrets) <= {secret.name for secret in spec.secrets}
    assert all(isinstance(value, str) for value in ready.settings.values())
    assert "" not in {*ready.settings.values(), *ready.secrets.values()}


def test_a_missing_setting_is_named(mapping: WorkspaceMapping) -> None:
    for name in ARIA:
        with pytest.raises(WrongUse, match=f"'{name}'"):
            connect({**ARIA, name: "  "}, mapping)


@pytest.mark.parametrize(
    "wrong", [{"client_no": "seven"}, {"client_no": "0"}, {"parallel": "-1"}, {"core_url": "a.b/c"}]
)
def test_a_setting_that_cannot_be_is_named(
    wrong: dict[str, str], mapping: WorkspaceMapping
) -> None:
    (name,) = wrong
    with pytest.raises(WrongUse, match=name):
        connect({**ARIA, **wrong}, mapping)


def test_a_missing_secret_names_its_variable(mapping: WorkspaceMapping) -> None:
    with pytest.raises(NotSignedIn, match="CONCORD_ARIA_EU_AUTH_KEY"):
        connect(ARIA, mapping, key=None)


def test_variables_are_upper_case_without_dashes() -> None:
    assert variable("aria-demo", "auth_key") == "CONCORD_ARIA_DEMO_AUTH_KEY"


def test_a_connector_is_made_without_a_call_and_shows_no_secret(mapping: WorkspaceMapping) -> None:
    made = connect(ARIA, mapping)
    assert made.calls == 0
    assert "hidden-key" not in repr(made) + repr(made._client.account)
    with pytest.raises(FrozenInstanceError):
        made._client.account.client_no = 8


def connect(
    settings: dict[str, str], mapping: WorkspaceMapping, key: str | None = "hidden-key"
) -> Any:
    return registry.connect("aria", "aria-eu", settings, lambda _: key, mapping=mapping)
