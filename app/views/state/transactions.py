"""The page of an account's days: the ledger, invoices with their lines, and all else that moves."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from app.domain.convert import text
from app.domain.mapping import MOVING, EntityMapping, Role
from app.views.state.account import subscriptions
from app.views.state.account_data import AccountData
from app.views.state.dates import day_text
from app.views.state.difference import Tone
from app.views.state.facets import AccountRecord, exact_times, money, quantity
from app.views.state.language import tr
from app.views.state.ledger import (
    ZERO,
    Posting,
    balances_before,
    in_time,
    is_owed,
    ledger_entity,
    postings,
    summed,
)
from app.views.state.period import TransactionsWanted
from app.views.state.record_table import (
    RecordTable,
    TableColumn,
    TableLine,
    count_differences,
    record_table,
    state_column,
    state_words,
    tone_of,
)

_MOST_METRICS = 4
_BALANCE_PLACE = -1


@dataclass(frozen=True, slots=True)
class TransactionsTab:
    """One tab: a table, its totals per currency, and what has to be said of it.

    Attributes:
        opens: Whether a record has lines of its own (`lines_of`).
        hidden: How many records are older than the period.
    """

    table: RecordTable
    totals: tuple[str, ...]
    note: str = ""
    opens: bool = False
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class TransactionsPage:
    """What the page shows.

    Attributes:
        subscriptions: Those to filter by: key → name.
        none: What the account never had any of.
    """

    tabs: tuple[TransactionsTab, ...] = ()
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    none: tuple[str, ...] = ()


def transactions_page(data: AccountData, wanted: TransactionsWanted) -> TransactionsPage:
    """Return the page of an account's days."""
    ledger = ledger_entity(data.mapping)
    tabs = [] if ledger is None else [_ledger_tab(data, ledger, wanted)]
    others = [one for one in listed_entities(data) if one is not ledger]
    tabs += [_tab(data, one, wanted) for one in others if data.records[one.name]]
    names = {one.key: one.title for one in subscriptions(data)}
    none = tuple(one.plural for one in others if not data.records[one.name])
    return TransactionsPage(tuple(tabs), names, none)


def listed_entities(data: AccountData) -> list[EntityMapping]:
    """Return the entities that have a tab: what moves, but for the lines of it."""
    mapping, found = data.mapping, []
    for entity in mapping.of_account(moving=True):
        above = mapping.by_name.get(entity.parent)
        if above is None or mapping.role_of(above) not in MOVING:
            found.append(entity)
    return found


def chosen(
    data: AccountData, entity: EntityMapping, wanted: TransactionsWanted
) -> list[AccountRecord]:
    """Return an entity's records that the page is to show, oldest first."""
    return [one for one in of_subscription(data, entity, wanted) if in_period(one, wanted)]


def in_period(record: AccountRecord, wanted: TransactionsWanted) -> bool:
    """Return whether a record is of the period."""
    return wanted.in_period(record.day("date") or record.day("start"))


def of_subscription(
    data: AccountData, entity: EntityMapping, wanted: TransactionsWanted
) -> list[AccountRecord]:
    """Return an entity's records of the wanted subscription, oldest first; all where none can tell.

    A record that names no subscription is of one that a line of it names.
    """
    records = sorted(data.records.get(entity.name, ()), key=in_time)
    if not wanted.subscription or not tells_subscription(data, entity):
        return records
    named = {
        _parent_key(line)
        for child in data.mapping.children(entity.name)
        for line in data.records.get(child.name, ())
        if _subscription(data, line) == wanted.subscription
    }
    return [
        one
        for one in records
        if _subscription(data, one) == wanted.subscription or one.key in named
    ]


def tells_subscription(data: AccountData, entity: EntityMapping) -> bool:
    """Return whether an entity's records, or the lines of them, say of which subscription."""
    mapping = data.mapping
    below = (entity, *mapping.children(entity.name))
    return any("subscription" in one.shows or _is_below_subscription(data, one) for one in below)


def lines_of(data: AccountData, link: int) -> tuple[RecordTable, ...]:
    """Return the tables of what stands under a record: the lines of an invoice."""
    record = next((one for one in data.everything if one.link == link), None)
    if record is None:
        return ()
    tables = []
    for child in data.mapping.children(record.entity.name):
        lines = data.records.get(child.name, ())
        own = sorted((one for one in lines if _parent_key(one) == record.key), key=in_time)
        tables.append(record_table(child, own))
    return tuple(tables)


def _ledger_tab(
    data: AccountData, entity: EntityMapping, wanted: TransactionsWanted
) -> TransactionsTab:
    every = postings(entity, data.records.get(entity.name, ()))
    filtered = bool(wanted.subscription) and tells_subscription(data, entity)
    kept = {one.link for one in of_subscription(data, entity, wanted)}
    mine = [one for one in every if one.record.link in kept]
    shown = [one for one in mine if wanted.in_period(one.day)]
    first = wanted.period.first_day(wanted.today)
    before = {} if filtered else balances_before(every, first)
    lines = [_ledger_line(one, with_balance=not filtered) for one in reversed(shown)]
    lines += [_forward_line(unit, amount, first) for unit, amount in sorted(before.items())]
    columns = _ledger_columns(entity)
    table = RecordTable(
        entity.name,
        entity.plural,
        columns if not filtered else columns[:_BALANCE_PLACE],
        tuple(lines),
        count_differences(one.record for one in shown),
    )
    totals = tuple(_ledger_totals(entity, shown, every, filtered=filtered))
    note = _ledger_note(wanted, filtered=filtered)
    return TransactionsTab(table, totals, note, hidden=len(mine) - len(shown))


def _ledger_columns(entity: EntityMapping) -> tuple[TableColumn, ...]:
    balance = tr("Balance") if is_owed(entity) else tr("Balance left")
    return (
        state_column(),
        TableColumn(tr("Date")),
        TableColumn(tr("What"), wide=True),
        TableColumn(tr("Charge"), numeric=True),
        TableColumn(tr("Credit"), numeric=True),
        TableColumn(balance, numeric=True),
    )


def _ledger_line(posting: Posting, *, with_balance: bool) -> TableLine:
    record, unit = posting.record, posting.record.currency
    cells = [
        state_words(record),
        "" if posting.day is None else day_text(posting.day),
        what_words(record),
        money(posting.charge, unit),
        money(posting.credit, unit),
    ]
    if with_balance:
        cells.append(money(posting.balance, unit))
    return TableLine(tuple(cells), record.link, tone_of(record), tip=exact_times(record))


def what_words(record: AccountRecord) -> str:
    """Return what a record of a ledger is: its kind and its text, else its title."""
    parts = [record.text("status").replace("_", " "), record.text("text")]
    return " \u00b7 ".join(dict.fromkeys(part for part in parts if part)) or record.title


def _forward_line(unit: str, amount: Decimal, first: date | None) -> TableLine:
    day = "" if first is None else day_text(first)
    cells = ("", day, tr("Balance brought forward"), "", "", money(amount, unit))
    return TableLine(cells, tone=Tone.MUTED, bold=True)


def _ledger_totals(
    entity: EntityMapping, shown: Sequence[Posting], every: Sequence[Posting], *, filtered: bool
) -> Iterator[str]:
    now = {one.record.currency: one.balance for one in every}
    sums = summed(shown)
    for unit in sorted({*sums, *(() if filtered else now)}):
        found = sums.get(unit)
        charge, credit = (ZERO, ZERO) if found is None else (found.charge, found.credit)
        net = charge - credit if is_owed(entity) else credit - charge
        words = tr("Charges {charge} \u00b7 Credits {credit} \u00b7 Net {net}")
        told = words.format(
            charge=money(charge, unit), credit=money(credit, unit), net=money(net, unit)
        )
        if not filtered:
            told += " \u00b7 " + tr("Balance now {now}").format(now=money(now[unit], unit))
        yield told


def _ledger_note(wanted: TransactionsWanted, *, filtered: bool) -> str:
    if filtered:
        return tr("One subscription is shown: the balance is of the whole account, so it is off.")
    if wanted.subscription:
        return tr("These records name no subscription: those of the whole account are shown.")
    return ""


def _tab(data: AccountData, entity: EntityMapping, wanted: TransactionsWanted) -> TransactionsTab:
    mine = of_subscription(data, entity, wanted)
    shown = [one for one in reversed(mine) if in_period(one, wanted)]
    above = data.mapping.by_name.get(entity.parent)
    table = record_table(entity, shown, above=None if above is data.account.entity else above)
    note = "" if tells_subscription(data, entity) else _ledger_note(wanted, filtered=False)
    opens = bool(data.mapping.children(entity.name))
    return TransactionsTab(
        table,
        tuple(filter(None, [" \u00b7 ".join(_totals(entity, shown))])),
        note,
        opens,
        len(mine) - len(shown),
    )


def _totals(entity: EntityMapping, records: Sequence[AccountRecord]) -> Iterator[str]:
    """Yield the sum of each currency; of usage also the quantity of each metric.

    What shows charges and credits beside its amount is a statement: amounts of those are no sum.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    metrics: dict[str, Decimal] = defaultdict(Decimal)
    for record in records:
        amount, used = record.number("amount"), record.number("quantity")
        if amount is not None and not {"charge", "credit"} <= entity.shows.keys():
            sums[record.currency] += amount
        if used is not None and entity.role is Role.USAGE:
            metrics[record.text("metric")] += used
    for unit, total in sorted(sums.items()):
        yield tr("Total {amount}").format(amount=money(total, unit))
    for metric, used in sorted(metrics.items())[:_MOST_METRICS]:
        yield f"{metric or tr('Quantity')}: {quantity(used)}"


def _subscription(data: AccountData, record: AccountRecord) -> str:
    told = record.text("subscription")
    return told or (_parent_key(record) if _is_below_subscription(data, record.entity) else "")


def _is_below_subscription(data: AccountData, entity: EntityMapping) -> bool:
    above = data.mapping.by_name.get(entity.parent)
    return above is not None and above.role is Role.SUBSCRIPTION


def _parent_key(record: AccountRecord) -> str:
    entity = record.entity
    if not entity.parent_field or not record.values:
        return ""
    return text(record.values[entity.index[entity.parent_field]])
