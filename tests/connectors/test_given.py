"""The settings of a connection, checked against what its kind asks for."""

from collections.abc import Callable

import pytest

from app.connectors import registry
from app.connectors.spec import Given
from app.errors import WrongUse


@pytest.mark.parametrize(
    ("settings", "read", "words"),
    [
        ({}, Given.setting, "lacks the setting 'core_url' (Core API URL)"),
        ({"core_url": "x.example"}, Given.url, "setting 'core_url' (Core API URL) is no URL"),
        ({"core_url": "http://["}, Given.url, "setting 'core_url' (Core API URL) is no URL"),
        ({"core_url": "https://a:99999"}, Given.url, "(Core API URL) is no URL"),
        ({"core_url": "https://"}, Given.url, "(Core API URL) is no URL"),
        ({"core_url": "9" * 16}, Given.number, "is no whole number above 0 of at most 15 digits"),
        ({"core_url": "0"}, Given.number, "'core_url' (Core API URL) is no whole number above 0"),
    ],
)
def test_an_error_names_a_setting_as_the_command_line_and_as_the_window_does(
    settings: dict[str, str], read: Callable[[Given, str], object], words: str
) -> None:
    given = Given("aria-demo", registry.spec("aria"), settings, lambda _name: None)
    with pytest.raises(WrongUse) as refused:
        read(given, "core_url")
    assert words in refused.value.summary
