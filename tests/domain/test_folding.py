"""Texts as people look for them."""

import pytest

from app.domain.folding import folded


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Krüger", "kruger"),
        ("KRU\u0308GER", "kruger"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("Łódź", "łodz"),
        ("100% A_b", "100% a_b"),
        ("", ""),
        ("東京", "東京"),
    ],
)
def test_case_and_accents_make_no_difference(text: str, plain: str) -> None:
    assert folded(text) == plain
    assert folded(folded(text)) == plain
