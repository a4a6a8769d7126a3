"""Gathering: nothing that was told is lost, and many events of an account are one read."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from app.store.inbox import Waiting
from app.sync.gathering import Batch, Gathering

QUIET, LONGEST = 1.0, 5.0
NAMES = ("invoice", "payment", "plan")


def told(serial: int, account: str = "7", *names: str) -> Waiting:
    return Waiting(serial, account, frozenset(names or ("invoice",)), 1)


def test_an_account_is_due_once_nothing_more_is_told_of_it() -> None:
    gathering = Gathering(QUIET, LONGEST)
    gathering.tell(told(1), 0.0)
    gathering.tell(told(2, "7", "payment"), 0.75)
    assert gathering.take(1.5) is None
    expected = Batch("7", frozenset({"invoice", "payment"}), 2, 2, 0.0, 0.75)
    assert gathering.take(1.75) == expected
    assert gathering.take(9.0) is None


def test_an_account_of_which_more_and_more_is_told_is_due_in_the_end() -> None:
    gathering = Gathering(QUIET, LONGEST)
    for number in range(10):
        gathering.tell(told(number), number * 0.5)
    assert gathering.take(4.9) is None
    assert gathering.take(5.0) is not None


def test_ten_thousand_events_of_fifty_accounts_are_fifty_reads() -> None:
    gathering = Gathering(QUIET, LONGEST)
    for number in range(10_000):
        gathering.tell(told(number, str(number % 50)), number / 5000)
    batches = []
    while (batch := gathering.take(3.1)) is not None:
        batches.append(batch)
    assert len(batches) == 50
    assert sum(batch.changes for batch in batches) == 10_000


def test_what_could_not_be_read_lets_the_others_go_first() -> None:
    gathering = Gathering(QUIET, LONGEST)
    gathering.tell(told(1, "7"), 0.0)
    gathering.tell(told(2, "8"), 0.1)
    first = gathering.take(2.0)
    assert first is not None
    gathering.tell(told(3, "7", "payment"), 2.0)
    gathering.put_back(first, 2.0)
    assert gathering.take(3.0) == Batch("8", frozenset({"invoice"}), 1, 2, 0.1, 0.1)
    assert gathering.take(3.0) == Batch("7", frozenset({"invoice", "payment"}), 2, 3, 2.0, 2.0)


@dataclass
class Model:
    """What is promised: each thing told is in a batch taken later, as soon as it is quiet."""

    gathering: Gathering = field(default_factory=lambda: Gathering(QUIET, LONGEST))
    open: dict[str, list[Waiting]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    now: float = 0.0
    serial: int = 0

    def tell(self, account: str, name: str) -> None:
        self.serial += 1
        waiting = told(self.serial, account, name)
        self.gathering.tell(waiting, self.now)
        self.open.setdefault(account, []).append(waiting)
        self.first.setdefault(account, self.now)
        self.last[account] = self.now

    def is_due(self, account: str) -> bool:
        last, first = self.last[account], self.first[account]
        return self.now - last >= QUIET or self.now - first >= LONGEST

    def take(self, *, fails: bool) -> bool:
        batch = self.gathering.take(self.now)
        due = [account for account in self.open if self.is_due(account)]
        if batch is None:
            assert due == []
            return False
        assert batch.account in due
        assert self.first[batch.account] == min(self.first[account] for account in due)
        found = self.open[batch.account]
        assert batch.entities == frozenset[str]().union(*(one.entities for one in found))
        assert (batch.serial, batch.changes) == (found[-1].serial, len(found))
        if fails:
            self.gathering.put_back(batch, self.now)
            self.first[batch.account] = self.now
        else:
            del self.open[batch.account], self.first[batch.account]
        return not fails


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.sampled_from("78"), st.sampled_from(NAMES)),
        st.tuples(st.just("wait"), st.floats(0, 3)),
        st.tuples(st.just("take"), st.booleans()),
    ),
    max_size=60,
)


@given(ACTIONS)
def test_all_that_was_told_is_read_after_it_was_told(actions: list[tuple[object, ...]]) -> None:
    model = Model()
    for action, *values in actions:
        if action == "tell":
            model.tell(str(values[0]), str(values[1]))
        elif action == "wait":
            model.now += float(str(values[0]))
        else:
            model.take(fails=bool(values[0]))
    model.now += LONGEST
    while model.take(fails=False):
        pass
    assert model.open == {}
    assert len(model.gathering) == 0
