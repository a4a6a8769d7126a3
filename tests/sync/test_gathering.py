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


def test_what_could_not_be_read_keeps_its_place() -> None:
    gathering = Gathering(QUIET, LONGEST)
    gathering.tell(told(1, "7"), 0.0)
    gathering.tell(told(2, "8"), 0.1)
    first = gathering.take(2.0)
    assert first is not None
    gathering.tell(told(3, "7", "payment"), 2.0)
    gathering.put_back(first)
    assert gathering.take(3.0) == Batch("7", frozenset({"invoice", "payment"}), 2, 3, 0.0, 2.0)


@dataclass
class Model:
    """What is promised: each thing told is in a batch taken later, as soon as it is quiet."""

    gathering: Gathering = field(default_factory=lambda: Gathering(QUIET, LONGEST))
    open: dict[str, list[tuple[float, Waiting]]] = field(default_factory=dict)
    now: float = 0.0
    serial: int = 0

    def tell(self, account: str, name: str) -> None:
        self.serial += 1
        waiting = told(self.serial, account, name)
        self.gathering.tell(waiting, self.now)
        self.open.setdefault(account, []).append((self.now, waiting))

    def take(self, *, fails: bool) -> bool:
        batch = self.gathering.take(self.now)
        if batch is None:
            for found in self.open.values():
                assert self.now - found[-1][0] < QUIET
                assert self.now - found[0][0] < LONGEST
            return False
        found = self.open[batch.account]
        assert self.now - found[-1][0] >= QUIET or self.now - found[0][0] >= LONGEST
        assert batch.entities == frozenset[str]().union(*(one.entities for _, one in found))
        assert (batch.serial, batch.changes) == (found[-1][1].serial, len(found))
        if fails:
            self.gathering.put_back(batch)
        else:
            del self.open[batch.account]
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
