"""What stands below the list of accounts: how many there are, and what can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.store.belonging import AccountHit
from app.views.state.language import tr

MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class FinderState:
    """A line about the list, and the text of the button that reads a number; "" for none."""

    hint: str
    read: str = ""


def finder_state(hits: Sequence[AccountHit], words: str, billing: str) -> FinderState:
    """Return what stands below the accounts found for some words."""
    read = tr("Read \u201c{words}\u201d from {billing}").format(words=words, billing=billing)
    is_there = any(hit.key == words for hit in hits)
    if not hits and not words:
        return FinderState(tr("No accounts have been read yet. Type a number to read one."))
    if not hits:
        return FinderState(
            tr("Nothing that was read matches. Is it the number of an account?"), read
        )
    if len(hits) >= MOST_HITS:
        hint = tr("The first {count}. Type on to find others.").format(count=MOST_HITS)
    elif words:
        hint = tr("1 account matches.") if len(hits) == 1 else _count(tr("{count} match."), hits)
    else:
        hint = tr("1 account.") if len(hits) == 1 else _count(tr("{count} accounts."), hits)
    return FinderState(hint, read if words and not is_there else "")


def _count(words: str, hits: Sequence[AccountHit]) -> str:
    return words.format(count=len(hits))
