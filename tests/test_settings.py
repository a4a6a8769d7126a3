"""Settings, connections, workspaces and resources: what a file may say, and what is refused."""

import stat
import sys
from pathlib import Path
from types import MappingProxyType

import pytest

from app.errors import AppError, NotFound, WrongUse
from app.settings import (
    Connection,
    Settings,
    Workspace,
    delete_connection,
    delete_workspace,
    home,
    list_connections,
    list_workspaces,
    load_connection,
    load_settings,
    load_workspace,
    mapping_file,
    resource,
    save_connection,
    save_workspace,
    store_file,
)

ARIA = Connection("aria-demo", "aria", {"core_url": "http://127.0.0.1:1"}, secrets=("auth_key",))
ORG = Connection("sf", "salesforce", {"instance_url": "http://127.0.0.1:2"}, production=True)
DEMO = Workspace("demo", "aria-demo", "sf", "aria_catalog")


def wrong(base: Path, text: str) -> str:
    (base / "settings.toml").write_text(text, "utf-8")
    with pytest.raises(WrongUse) as caught:
        load_settings(base)
    return str(caught.value)


def test_home_is_where_the_environment_says(concord_home: Path) -> None:
    assert home() == concord_home


def test_home_is_the_platforms_place_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCORD_HOME")
    assert home().name == "concord"
    assert home().is_absolute()


def test_without_a_file_settings_are_the_usual_ones(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()


def test_settings_are_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('log_level = "debug"\nkeyring_timeout_s = 5\n')
    assert load_settings(tmp_path) == Settings("debug", 5.0)


def test_a_damaged_settings_file_is_named_with_its_line(tmp_path: Path) -> None:
    message = wrong(tmp_path, 'log_level = "info"\nkeyring_timeout_s = = 3\n')
    assert str(tmp_path / "settings.toml") in message
    assert "line 2" in message


@pytest.mark.parametrize(
    "text",
    [
        "\n\nlog_levle = 'info'\n",
        "\n\nlog_level = 'loud'\n",
        "\n\nlog_level = 3\n",
        "\n\nkeyring_timeout_s = 0\n",
        "\n\nkeyring_timeout_s = true\n",
        "\n\nkeyring_timeout_s = nan\n",
    ],
)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    message = wrong(tmp_path, text)
    assert "settings.toml, line 3:" in message
    assert text.partition("=")[0].strip() in message


def test_a_settings_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WrongUse, match="not UTF-8"):
        load_settings(tmp_path)


def test_a_connection_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    save_connection(tmp_path, ARIA)
    save_connection(tmp_path, ORG)
    assert load_connection(tmp_path, "aria-demo") == ARIA
    assert list_connections(tmp_path) == (ARIA, ORG)


def test_settings_may_be_any_mapping(tmp_path: Path) -> None:
    save_connection(tmp_path, Connection("a", "aria", MappingProxyType({"client_no": "1"})))
    assert load_connection(tmp_path, "a").settings == {"client_no": "1"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    base = tmp_path / "new"
    save_connection(base, ARIA)
    file = base / "connections" / "aria-demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_saving_again_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    save_connection(tmp_path, ARIA)
    save_connection(tmp_path, Connection("aria-demo", "aria"))
    assert list_connections(tmp_path) == (Connection("aria-demo", "aria"),)
    assert len(list((tmp_path / "connections").iterdir())) == 1


def test_a_save_that_fails_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    save_connection(tmp_path, ARIA)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AppError, match="No space left"):
        save_connection(tmp_path, Connection("aria-demo", "aria"))
    assert list_connections(tmp_path) == (ARIA,)
    assert len(list((tmp_path / "connections").iterdir())) == 1


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "../a", "a" * 64, "ä", "a\n", "a.json"])
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse, match="cannot be a name"):
        save_connection(tmp_path, Connection(name, "aria"))
    with pytest.raises(WrongUse, match="cannot be a name"):
        load_connection(tmp_path, name)


@pytest.mark.parametrize(
    "address", ["https://ann:pw-of-ann@a.example/x", "https://token-x@a.example"]
)
def test_an_address_holds_no_password(tmp_path: Path, address: str) -> None:
    with pytest.raises(WrongUse, match="a user name or a password") as caught:
        save_connection(tmp_path, Connection("x", "aria", {"core_url": address}))
    assert "pw-of" not in str(caught.value)
    assert not (tmp_path / "connections").exists()


@pytest.mark.parametrize(
    "key", ["auth_key", "client_secret", "password", "apiKey", "refresh_token", "pin"]
)
def test_a_connection_holds_no_secret(tmp_path: Path, key: str) -> None:
    with pytest.raises(WrongUse) as caught:
        save_connection(tmp_path, Connection("a", "aria", {key: "hunter2"}, secrets=("pin",)))
    assert "hunter2" not in str(caught.value)
    assert f"--secret {key}=-" in caught.value.hint


def test_two_connections_never_share_environment_variables(tmp_path: Path) -> None:
    save_connection(tmp_path, ARIA)
    with pytest.raises(WrongUse, match="environment variables"):
        save_connection(tmp_path, Connection("aria_demo", "aria"))


def test_a_missing_connection_is_not_found_and_the_others_are_named(tmp_path: Path) -> None:
    save_connection(tmp_path, ARIA)
    with pytest.raises(NotFound, match="There are: aria-demo"):
        load_connection(tmp_path, "aria")
    with pytest.raises(NotFound):
        delete_connection(tmp_path, "aria")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{\n  "kind": "aria",\n  "settings": {"a": 1}\n}', "line 3: settings: Expected `str`"),
        ('{\n  "kind": 1\n}', "line 2: kind: Expected `str`"),
        ('{\n  "kind": "aria",\n  "auth_key": "s"\n}', "line 3: auth_key means nothing"),
        ('{\n  "kind": "aria",\n  "production": "no"\n}', "line 3: production: Expected `bool`"),
        ('{\n  "production": false\n}', "missing required field `kind`"),
        ('{\n  "kind": "aria",,\n}', "line 2:"),
        ("[]", "not a JSON object"),
    ],
)
def test_a_damaged_connection_file_is_named_with_its_line(
    tmp_path: Path, text: str, what: str
) -> None:
    file = tmp_path / "connections" / "a.json"
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    with pytest.raises(WrongUse) as caught:
        load_connection(tmp_path, "a")
    assert str(file) in str(caught.value)
    assert what in str(caught.value)


def test_a_deleted_connection_is_gone(tmp_path: Path) -> None:
    save_connection(tmp_path, ARIA)
    delete_connection(tmp_path, "aria-demo")
    assert list_connections(tmp_path) == ()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    save_connection(tmp_path, ARIA)
    save_connection(tmp_path, ORG)
    save_workspace(tmp_path, DEMO)
    return tmp_path


def test_a_workspace_comes_back_as_it_was_saved(base: Path) -> None:
    assert load_workspace(base, "demo") == DEMO
    assert list_workspaces(base) == (DEMO,)


def test_a_connection_in_use_is_not_deleted(base: Path) -> None:
    with pytest.raises(WrongUse, match="Workspace 'demo' uses"):
        delete_connection(base, "sf")
    delete_workspace(base, "demo")
    delete_connection(base, "sf")
    assert list_connections(base) == (ARIA,)


def test_a_workspace_needs_connections_that_exist(base: Path) -> None:
    with pytest.raises(NotFound, match="'gone'"):
        save_workspace(base, Workspace("other", "gone", "sf", "aria_catalog"))


@pytest.mark.parametrize(("billing", "salesforce"), [("sf", "sf"), ("aria-demo", "aria-demo")])
def test_a_workspace_needs_one_connection_of_each_side(
    base: Path, billing: str, salesforce: str
) -> None:
    with pytest.raises(WrongUse, match="one billing connection and one Salesforce connection"):
        save_workspace(base, Workspace("other", billing, salesforce, "aria_catalog"))


def test_the_store_is_in_concords_folder_unless_said_otherwise(base: Path) -> None:
    elsewhere = base.parent / "x.sqlite"
    assert store_file(base, DEMO) == base / "stores" / "demo.sqlite"
    chosen = Workspace("demo", "aria-demo", "sf", "aria_catalog", str(elsewhere))
    assert store_file(base, chosen) == elsewhere


def test_a_mapping_comes_with_concord_or_from_the_user(base: Path) -> None:
    own = base / "own.toml"
    own.write_text("x = 1\n")
    assert mapping_file(base, DEMO).read_text("utf-8").strip()
    assert mapping_file(base, Workspace("w", "a", "b", str(own))) == own


@pytest.mark.parametrize("mapping", ["no_such_mapping", "no/such/file.toml", "../x"])
def test_a_mapping_that_is_nowhere_is_not_found(base: Path, mapping: str) -> None:
    with pytest.raises(NotFound):
        mapping_file(base, Workspace("w", "a", "b", mapping))


def test_resources_are_found() -> None:
    assert resource("mappings").is_dir()
    assert b"entity" in resource("mappings", "aria_catalog.toml").read_bytes()
    with pytest.raises(NotFound, match="mappings/none"):
        resource("mappings", "none.toml")
