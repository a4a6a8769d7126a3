"""What doctor says of what is well."""

import pytest

from app.cli.doctor import store_words


@pytest.mark.parametrize(
    ("commits", "words"), [(0, "0 commits"), (1, "1 commit"), (2, "2 commits")]
)
def test_the_commits_of_a_store_are_counted(commits: int, words: str) -> None:
    assert store_words("shop.sqlite", 3 << 20, commits) == f"shop.sqlite, 3.0 MB, {words}"
