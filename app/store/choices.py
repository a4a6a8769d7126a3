"""What people chose in the review: ticks, and whose value to take. It survives a refresh."""

from collections.abc import Mapping

import orjson

from app.domain.proposal import NO_CHOICE, TYPED, Choice
from app.store.workspace import Store


def all_choices(store: Store) -> dict[int, Choice]:
    """Return link → choice, for the links where somebody chose."""
    with store.translating():
        rows = store.reader.execute("SELECT link, ticked, take FROM choice").fetchall()
    return {link: _choice(ticked, take) for link, ticked, take in rows}


def choice_of(store: Store, link: int) -> Choice:
    """Return the choice for one link."""
    with store.translating():
        row = store.reader.execute(
            "SELECT ticked, take FROM choice WHERE link = ?", (link,)
        ).fetchone()
    return NO_CHOICE if row is None else _choice(*row)


def choose(store: Store, choices: Mapping[int, Choice]) -> None:
    """Store choices for links; an empty choice is forgotten."""
    rows = [
        (link, None if c.ticked is None else int(c.ticked), _written(c))
        for link, c in choices.items()
        if c != NO_CHOICE
    ]
    with store.transaction(store.mirror) as connection:
        connection.executemany(
            "DELETE FROM choice WHERE link = ?",
            [(link,) for link, choice in choices.items() if choice == NO_CHOICE],
        )
        connection.executemany("INSERT OR REPLACE INTO choice VALUES (?, ?, ?)", rows)


def _written(choice: Choice) -> str:
    """Return what is taken as JSON; a typed value stands in a list of its own."""
    taken = {
        name: [choice.typed[name]] if name in choice.typed else wish
        for name, wish in choice.take.items()
    }
    return orjson.dumps(taken).decode()


def _choice(ticked: int | None, take: str | None) -> Choice:
    said = orjson.loads(take or "{}")
    typed = {name: wish[0] for name, wish in said.items() if isinstance(wish, list)}
    taken = {name: TYPED if name in typed else wish for name, wish in said.items()}
    return Choice(None if ticked is None else bool(ticked), taken, typed)
