"""All accounts of the client: made when first asked for, kept once somebody changed them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from app.sandbox.aria.accounts.account import HELD, Account
from app.sandbox.aria.accounts.numbering import FIRST_ACCT_NO, Numbers
from app.sandbox.aria.tables import Row


@dataclass(frozen=True, slots=True)
class Note:
    """Something happened to an account, for which Aria has an event."""

    event_id: int
    account: Account
    transaction_id: int | None = None
    order_no: int | None = None
    receipt: str = ""


class Accounts:
    """The accounts 0 to `population` of the data set, and those that were created since.

    Whoever uses it holds the system's lock. An account of the data set is a function of its place,
    so that a hundred thousand of them take no memory until they are changed.
    """

    def __init__(self, population: int, seed: Callable[[int], Account]) -> None:
        self.population = population
        self.version = 0
        self._seed = seed
        self._numbers = Numbers(population)
        self._kept: dict[int, Account] = {}
        self._created: list[int] = []
        self._by_client_id: dict[str, int] = {}
        self._by_userid: dict[str, int] = {}
        self._owners: dict[tuple[str, int], int] = {}
        self._children: dict[int, set[int]] = {}

    def get(self, acct_no: int) -> Account | None:
        """Return an account, or None; it must not be changed."""
        kept = self._kept.get(acct_no)
        if kept is not None:
            return kept
        place = acct_no - FIRST_ACCT_NO
        if not 0 <= place < self.population:
            return None
        return self._seed(place)

    def numbers(self) -> range | list[int]:
        """Return the numbers of all accounts, ascending."""
        seeded = range(FIRST_ACCT_NO, FIRST_ACCT_NO + self.population)
        return [*seeded, *self._created] if self._created else seeded

    def all(self, numbers: Iterable[int] | None = None) -> Iterator[Account]:
        """Yield accounts by number; all, or those asked for that there are."""
        for number in self.numbers() if numbers is None else numbers:
            found = self.get(number)
            if found is not None:
                yield found

    def by_client_id(self, client_acct_id: str) -> int | None:
        """Return the number of the account with a client-defined id, or None."""
        return self._named(client_acct_id, "client_acct_id", self._by_client_id)

    def by_userid(self, userid: str) -> int | None:
        """Return the number of the account with a user id, or None."""
        return self._named(userid, "userid", self._by_userid)

    def owner(self, kind: str, number: int) -> Account | None:
        """Return the account that holds the record of a kind with this number, or None."""
        column = HELD[kind].identity[0]
        acct_no = self._owners.get((kind, number))
        if acct_no is None:
            acct_no = FIRST_ACCT_NO + self._numbers.place_of(kind, number)
        found = self.get(acct_no)
        return found if found and found.find(kind, column, number) else None

    def children(self, acct_no: int) -> list[int]:
        """Return the numbers of the accounts whose parent an account is, ascending."""
        found = set(self._children.get(acct_no, ()))
        found |= {acct_no + 1, acct_no + 2}  # in the data set a child comes soon after its parent
        return sorted(no for no in found if self._parent_of(no) == acct_no)

    def number(self, kind: str) -> int:
        """Return a number that no record of the kind has had."""
        return self._numbers.next(kind)

    def keep(self, account: Account) -> None:
        """Store a changed or a new account."""
        row = account.row
        if account.no not in self._kept and self.get(account.no) is None:
            self._created.append(account.no)
        self._kept[account.no] = account
        self._by_client_id[row["client_acct_id"]] = account.no
        self._by_userid[row["userid"]] = account.no
        if row["senior_acct_no"] is not None:
            self._children.setdefault(row["senior_acct_no"], set()).add(account.no)
        for kind, held in HELD.items():
            if len(held.identity) == 1 and kind not in {"account", "payment_method"}:
                column = held.identity[0]
                for record in account.rows(kind):
                    if self._numbers.is_new(kind, record[column]):
                        self._owners[kind, record[column]] = account.no
        self.version += 1

    def _parent_of(self, acct_no: int) -> int | None:
        found = self.get(acct_no)
        return None if found is None else found.row["senior_acct_no"]

    def _named(self, name: str, column: str, renamed: dict[str, int]) -> int | None:
        candidates = (renamed.get(name), self._numbers.acct_no_in(name))
        for number in candidates:
            found = None if number is None else self.get(number)
            if found is not None and found.row[column] == name:
                return found.no
        return None


@dataclass(slots=True)
class Work:
    """What one call changes: all of it is stored at the end, or nothing is."""

    accounts: Accounts
    receipt: str = ""
    notes: list[Note] = field(default_factory=list)
    preview: bool = False  # do_write="false"
    _drafts: dict[int, Account] = field(default_factory=dict)

    def read(self, acct_no: int) -> Account | None:
        """Return an account as this call sees it, or None."""
        return self._drafts.get(acct_no) or self.accounts.get(acct_no)

    def open(self, acct_no: int) -> Account | None:
        """Return a draft of an account that may be changed, or None."""
        if acct_no not in self._drafts:
            found = self.accounts.get(acct_no)
            if found is None:
                return None
            self._drafts[acct_no] = found.copy()
        return self._drafts[acct_no]

    def create(self, account: Account) -> Account:
        """Take a new account."""
        self._drafts[account.no] = account
        return account

    def is_taken(self, column: str, name: str, except_for: int | None = None) -> bool:
        """Tell whether another account has a client-defined id or a user id."""
        by_name = {
            "client_acct_id": self.accounts.by_client_id,
            "userid": self.accounts.by_userid,
        }[column]
        drafts = (draft.no for draft in self._drafts.values() if draft.row[column] == name)
        return any(no not in (None, except_for) for no in (by_name(name), *drafts))

    def note(self, event_id: int, account: Account, **about: int | None) -> None:
        """Note an event of the call."""
        self.notes.append(Note(event_id, account, receipt=self.receipt, **about))

    def save(self) -> list[Note]:
        """Store what was changed and return what is to be told; nothing of a preview."""
        if self.preview:
            return []
        for draft in self._drafts.values():
            self.accounts.keep(draft)
        return self.notes

    def rows_changed(self) -> list[Row]:
        """Return the rows of the accounts that the call opened for change."""
        return [draft.row for draft in self._drafts.values()]
