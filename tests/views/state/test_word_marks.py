"""Marks on words that differ."""

from hypothesis import given
from hypothesis import strategies as st

from app.views.state.word_marks import marked

LONG = " ".join(f"word{number}" for number in range(60))


def test_only_the_changed_words_are_marked() -> None:
    one, other = marked("Call Recording Plus", "Call Recording Plus 2026")
    assert not any(span.changed for span in one)
    assert [span.text for span in other if span.changed] == ["2026"]


def test_a_long_unchanged_run_is_folded_with_its_count() -> None:
    one, _other = marked(f"{LONG} old {LONG}", f"{LONG} new {LONG}")
    text = "".join(span.text for span in one)
    assert "words]" in text
    assert "old" in text
    assert len(text) < 200


def test_huge_texts_are_marked_whole_and_quickly() -> None:
    one, other = marked("a " * 4000, "b " * 4000)
    assert [span.changed for span in (*one, *other)] == [True, True]


@given(st.text(max_size=60), st.text(max_size=60))
def test_short_texts_lose_nothing(one: str, other: str) -> None:
    pieces = marked(one, other)
    assert "".join(span.text for span in pieces.one) == one
    assert "".join(span.text for span in pieces.other) == other
