"""Texts as people look for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("Krüger\N{MODIFIER LETTER CAPITAL A}", "krugera"),
        ("", ""),
        ("東京", "東京"),
    ],
)
def test_case_and_accents_make_no_difference(text: str, plain: str) -> None:
    assert folded(text) == plain


@given(st.text(max_size=30))
def test_what_was_folded_stays_as_it_is(text: str) -> None:
    assert folded(folded(text)) == folded(text)
