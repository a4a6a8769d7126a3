"""The page of an account: its head, its family, and what belongs to it, with its differences."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.diff import Kind
from app.domain.mapping import EntityMapping, Role
from app.domain.plan import Verb
from app.domain.record import Side
from app.store.belonging import AccountHit
from app.sync.refresh import RefreshResult
from app.views.state.account_data import AccountData, Writes
from app.views.state.difference import TONES, Tone, kind_word
from app.views.state.facets import AccountRecord, both_sides, label_of, money
from app.views.state.language import tr
from app.views.state.progress import duration
from app.views.state.record_table import (
    RecordTable,
    count_differences,
    not_compared,
    record_table,
)

HEAD_FACETS = ("number", "status", "balance", "mrr", "currency", "plan", "start", "end", "email")
_TENTHS_BELOW_S = 10
_ENDED = frozenset({"ended", "cancelled", "canceled", "terminated", "inactive", "deleted"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the head: what it is, and its value on both sides where they differ.

    Attributes:
        salesforce: Salesforce's value where it is another than billing's, "" where both agree.
    """

    label: str
    value: str
    salesforce: str = ""
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Pill:
    """A short word on a ground of its own."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class AccountHead:
    """What stands above both pages of an account."""

    key: str
    title: str
    subtitle: str
    pill: Pill
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """What the page of an account shows; `none` names what the account has none of."""

    head: AccountHead
    above: tuple[AccountHit, ...]
    below: tuple[AccountHit, ...]
    tables: tuple[RecordTable, ...]
    none: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountButtons:
    """What the buttons of an account say, and which of them work.

    Attributes:
        hint: Why nothing can be read or written now, "" where it can.
        tips: What each of the three does, in the same order.
    """

    refresh: str
    transactions: str
    commit: str
    tips: tuple[str, str, str]
    can_refresh: bool
    can_commit: bool
    hint: str = ""


def account_page(data: AccountData) -> AccountPage:
    """Return the page of an account."""
    still = still_entities(data)
    return AccountPage(
        account_head(data),
        data.family.above,
        data.family.below,
        tuple(
            record_table(one, data.records[one.name], above=_above(data, one))
            for one in still
            if data.records[one.name]
        ),
        tuple(one.plural for one in still if not data.records[one.name]),
    )


def still_entities(data: AccountData) -> list[EntityMapping]:
    """Return the entities that have a table: subscriptions and their parts first."""
    mapping = data.mapping
    found = [one for one in mapping.of_account(moving=False) if one is not data.account.entity]
    return sorted(found, key=lambda one: mapping.role_of(one) is not Role.SUBSCRIPTION)


def none_words(names: Sequence[str]) -> str:
    """Return what an account has none of, in one line; "" where it has some of all."""
    return tr("None: {names}").format(names=" \u00b7 ".join(names)) if names else ""


def account_head(data: AccountData) -> AccountHead:
    """Return the head of an account: its facts on both sides, how many records differ."""
    account = data.account
    count = count_differences(data.everything)
    if not data.is_compared:
        pill = Pill(not_compared(), Tone.MUTED)
    elif account.kind in {Kind.ONLY_IN_BILLING, Kind.ONLY_IN_SALESFORCE}:
        pill = Pill(kind_word(account.kind), TONES[account.kind])
    elif count:
        words = tr("1 difference") if count == 1 else tr("{count:,} differences")
        pill = Pill(words.format(count=count), Tone.CHANGED)
    else:
        pill = Pill(tr("both sides agree"), Tone.MUTED)
    subtitle = f"{account.entity.label} \u00b7 {data.key}"
    return AccountHead(data.key, account.title, subtitle, pill, tuple(_facts(data)))


def account_buttons(
    data: AccountData | None, billing: str, *, working: bool, refused: str
) -> AccountButtons:
    """Return the buttons; `billing` is what the billing system is called."""
    count = 0 if data is None else data.writes.count
    hint = refused or (tr("Wait until the work under way has ended.") if working else "")
    return AccountButtons(
        refresh=tr("Refresh from {system}").format(system=billing),
        transactions=tr("Refresh Transactions"),
        commit=tr("Commit {count:,}\u2026").format(count=count) if count else tr("Commit\u2026"),
        tips=(
            hint or tr("Read this account from both sides: what it is, and what it subscribed to"),
            hint or tr("Read from both sides what its days brought: invoices, payments, usage"),
            hint or tr("Show what would be written of this account alone"),
        ),
        can_refresh=data is not None and not hint,
        can_commit=count > 0 and not hint,
        hint=hint,
    )


def reading_words(account: str, billing: str) -> str:
    """Return what is said of an account while it is read."""
    words = tr("Reading {account} from {billing} and Salesforce\u2026")
    return words.format(account=account, billing=billing)


def told_words(result: RefreshResult | None, data: AccountData, billing: str) -> str:
    """Return what a refresh of an account read, how long it took, and what would be written.

    Without one, "", or that a refresh broke off.
    """
    if not data.is_compared:
        return tr(
            "A refresh broke off or is under way: what a side seems to lack may not have been"
            " read yet. Refresh the account again."
        )
    if result is None:
        return ""
    names = {Side.BILLING: billing, Side.SALESFORCE: Side.SALESFORCE.label}
    read = [
        tr("{count:,} from {system}").format(count=sum(counts.values()), system=names[side])
        for side, counts in result.read.items()
    ]
    few = result.seconds < _TENTHS_BELOW_S
    took = f"{max(0.1, result.seconds):.1f} s" if few else duration(result.seconds)
    words = tr("Read {read} with {calls:,} calls in {time}; {changed:,} had changed.")
    told = words.format(
        read=tr(" and ").join(read),
        calls=sum(result.calls.values()),
        time=took,
        changed=result.changed,
    )
    return f"{told} {writes_words(data.writes)}"


def writes_words(writes: Writes) -> str:
    """Return what a commit of the account would write."""
    parts = [
        tr("{what} to {side}").format(what=", ".join(_verbs(writes.ready, side)), side=side.label)
        for side in (Side.SALESFORCE, Side.BILLING)
        if any(target is side for target, _verb in writes.ready)
    ]
    if parts:
        told = tr("Commit would write: {what}.").format(what="; ".join(parts))
    else:
        told = tr("Commit would write nothing.")
    if writes.waiting:
        one = tr("1 difference waits for a decision in the catalog.")
        many = tr("{count:,} differences wait for a decision in the catalog.")
        told += " " + (one if writes.waiting == 1 else many.format(count=writes.waiting))
    return told


def mrr_of(data: AccountData) -> Mapping[str, Decimal]:
    """Return currency → what the account's running subscriptions bring a month."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for record in subscriptions(data):
        amount = record.number("mrr")
        if amount is not None and record.text("status").casefold() not in _ENDED:
            sums[record.currency] += amount
    return sums


def subscriptions(data: AccountData) -> Sequence[AccountRecord]:
    """Return the account's subscriptions."""
    return [one for _entity, found in data.of_role(Role.SUBSCRIPTION) for one in found]


def _above(data: AccountData, entity: EntityMapping) -> EntityMapping | None:
    """Return the entity that a table has to name the parents of; None for the account itself."""
    above = data.mapping.by_name.get(entity.parent)
    return None if above is data.account.entity else above


def _facts(data: AccountData) -> Iterator[Fact]:
    account = data.account
    for facet in HEAD_FACETS:
        name = account.entity.shows.get(facet, "")
        if name and not (facet == "currency" and _is_told(account, name)):
            yield _fact(account, name)
        elif facet == "mrr" and (sums := mrr_of(data)):
            shown = " \u00b7 ".join(money(amount, unit) for unit, amount in sorted(sums.items()))
            yield Fact(tr("MRR"), shown)


def _is_told(account: AccountRecord, currency: str) -> bool:
    """Return whether amounts beside it tell the currency, and both sides the same."""
    return (
        currency not in account.differs
        and {"balance", "mrr"} & account.entity.shows.keys() != set()
    )


def _fact(account: AccountRecord, name: str) -> Fact:
    field, (billing, salesforce) = account.entity.field_of(name), both_sides(account, name)
    differs = name in account.differs and None not in (account.billing, account.salesforce)
    value = billing if account.billing is not None else salesforce
    other = (salesforce or tr("nothing")) if differs else ""
    return Fact(label_of(field), value or "\u2014", other, differs)


def _verbs(ready: Mapping[tuple[Side, Verb], int], side: Side) -> Iterator[str]:
    words = {
        Verb.INSERT: (tr("1 insert"), tr("{count:,} inserts")),
        Verb.UPDATE: (tr("1 update"), tr("{count:,} updates")),
        Verb.DELETE: (tr("1 delete"), tr("{count:,} deletes")),
    }
    for verb in Verb:
        if count := ready.get((side, verb), 0):
            one, many = words[verb]
            yield one if count == 1 else many.format(count=count)
