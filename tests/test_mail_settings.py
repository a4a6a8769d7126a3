"""`[mail]` in settings.toml: by which server people are told of failed jobs."""

from pathlib import Path

import pytest

from app.errors import WrongUse
from app.settings import Mail, load_settings

WHOLE = """
[mail]
host = "smtp.example.com"
port = 2525
from = "concord@example.com"
to = ["ada@example.com", "bob@example.com"]
starttls = false
user = "concord"
"""


def read(folder: Path, text: str) -> Mail:
    (folder / "settings.toml").write_text(text)
    return load_settings(folder).mail


def test_a_mail_server_is_read_whole(tmp_path: Path) -> None:
    people = ("ada@example.com", "bob@example.com")
    expected = Mail("smtp.example.com", 2525, "concord@example.com", people, False, "concord")  # noqa: FBT003 - in the order of the file
    assert read(tmp_path, WHOLE) == expected


def test_without_one_nobody_is_mailed_and_passwords_would_be_encrypted(tmp_path: Path) -> None:
    mail = load_settings(tmp_path).mail
    assert (mail.host, mail.to, mail.port, mail.starttls) == ("", (), 587, True)


@pytest.mark.parametrize(
    "line",
    ["port = 0", 'password = "x"', 'from = "a@b\\nBcc: c@d"', 'to = "ada@example.com"'],
)
def test_what_means_nothing_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(WrongUse, match=r"settings\.toml"):
        read(tmp_path, f"[mail]\n{line}\n")
