"""`[listen]` in settings.toml: where events are received."""

from pathlib import Path

import pytest

from app.errors import WrongUse
from app.settings import Listen, load_settings

WHOLE = """
[listen]
address = "127.0.0.1:8443"
certificate = "fullchain.pem"
key_file = "key.pem"
proxies = ["127.0.0.1", "10.0.0.0/8"]
"""


def read(folder: Path, text: str) -> Listen:
    (folder / "settings.toml").write_text(text)
    return load_settings(folder).listen


def test_where_to_listen_is_read_whole(tmp_path: Path) -> None:
    expected = Listen("127.0.0.1:8443", "fullchain.pem", "key.pem", ("127.0.0.1", "10.0.0.0/8"))
    assert read(tmp_path, WHOLE) == expected


def test_without_it_nobody_listens(tmp_path: Path) -> None:
    assert load_settings(tmp_path).listen.address == ""


@pytest.mark.parametrize("line", ["port = 1", 'proxies = "all"', "address = 8443"])
def test_what_means_nothing_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(WrongUse, match=r"settings\.toml"):
        read(tmp_path, f"[listen]\n{line}\n")
