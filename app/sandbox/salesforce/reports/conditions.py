"""The filters of a report, and the logic that joins them."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.reports.definition import DateFilter, Filter
from app.sandbox.salesforce.schema import Field
from app.sandbox.salesforce.soql_dates import Days, days_of

Test = Callable[[Any], bool]
_TOKEN = re.compile(r"\s*(\d+|AND|OR|NOT|\(|\))", re.IGNORECASE)
_DURATIONS = {
    "TODAY": "TODAY", "YESTERDAY": "YESTERDAY", "TOMORROW": "TOMORROW", "THISWEEK": "THIS_WEEK",
    "LASTWEEK": "LAST_WEEK", "NEXTWEEK": "NEXT_WEEK", "THISMONTH": "THIS_MONTH",
    "LASTMONTH": "LAST_MONTH", "NEXTMONTH": "NEXT_MONTH", "CURY": "THIS_YEAR",
    "CURFY": "THIS_YEAR", "PREVY": "LAST_YEAR", "PREVFY": "LAST_YEAR", "CURRENTQ": "THIS_QUARTER",
    "CURFQ": "THIS_QUARTER", "PREVFQ": "LAST_QUARTER", "LAST7": "LAST_N_DAYS:6",
    "LAST30": "LAST_N_DAYS:29", "LAST60": "LAST_N_DAYS:59", "LAST90": "LAST_N_DAYS:89",
}  # fmt: skip


def test_of(wish: Filter, field: Field, now: datetime) -> Test:
    """Return what tells whether a value passes a filter.

    Raises:
        RequestError: There is no such operator, or the value is none of the column's type.
    """
    operator = wish.operator
    options = [_typed(each.strip(), field) for each in _several(wish.value)]
    if operator in _MANY:
        make, negated = _MANY[operator]
        tests = [make(option) for option in options]
        if negated:
            return lambda value: not any(test(_plain(value)) for test in tests)
        return lambda value: any(test(_plain(value)) for test in tests)
    compare = _ORDER.get(operator)
    if compare is None:
        message = f"'{operator}' is not a valid operator of a report filter"
        raise RequestError("BAD_REQUEST", message)
    days = days_of(wish.value.strip().replace(" ", "_"), now) if _is_time(field) else None
    limit = _bound(days, operator) if days is not None else options[0]
    return lambda value: value is not None and limit is not None and compare(_plain(value), limit)


def _several(value: str) -> list[str]:
    """Return the values of a list; one that holds a comma stands in quotation marks."""
    return next(csv.reader([value.replace("\n", " ")], skipinitialspace=True), []) or [""]


def _bound(days: Days, operator: str) -> str:
    last = operator in {"greaterThan", "lessOrEqual"}
    return (days.end if last else days.first).isoformat()


def _is_time(field: Field) -> bool:
    return field.type in {"date", "datetime"}


def _plain(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _typed(text: str, field: Field) -> Any:
    if not text:
        return None
    if field.is_number or field.type == "int":
        try:
            return Decimal(text)
        except InvalidOperation as error:
            message = f"The value '{text}' is not valid for the column {field.label}"
            raise RequestError("BAD_REQUEST", message) from error
    if field.type == "boolean":
        return text.lower() in {"true", "1"}
    return text.casefold()


def _equal(option: Any) -> Test:
    return lambda value: value == option


def _within(option: Any) -> Test:
    return lambda value: str(option or "") in str(value or "")


def _starting(option: Any) -> Test:
    return lambda value: str(value or "").startswith(str(option or ""))


def _including(option: Any) -> Test:
    return lambda value: option in str(value or "").split(";")


_MANY: dict[str, tuple[Callable[[Any], Test], bool]] = {
    "equals": (_equal, False),
    "notEqual": (_equal, True),
    "contains": (_within, False),
    "notContain": (_within, True),
    "startsWith": (_starting, False),
    "includes": (_including, False),
    "excludes": (_including, True),
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "lessThan": lambda value, limit: bool(value < limit),
    "greaterThan": lambda value, limit: bool(value > limit),
    "lessOrEqual": lambda value, limit: bool(value <= limit),
    "greaterOrEqual": lambda value, limit: bool(value >= limit),
}


def days_test(wish: DateFilter, now: datetime) -> Test:
    """Return what tells whether a date or time lies in the range of a report's date filter."""
    literal = _DURATIONS.get(wish.duration.upper().replace("_", ""))
    days = days_of(literal, now) if literal is not None else None
    if days is not None:
        first, end = days.first.isoformat(), days.end.isoformat()
        return lambda value: value is not None and first <= value[:10] < end
    start, last = wish.start, wish.end or "9999"
    if not wish.start and not wish.end:
        return lambda _: True
    return lambda value: value is not None and start <= value[:10] <= last


def logic_of(text: str, count: int) -> Callable[[Sequence[bool]], bool]:
    """Return what joins the results of filters: by default all of them have to pass.

    Raises:
        RequestError: The logic is malformed, or names a filter that there is not.
    """
    if not text.strip():
        return all
    parser = _Logic(text, count)
    found = parser.either()
    parser.end()
    return found


class _Logic:
    """Reads `1 AND (2 OR NOT 3)`."""

    def __init__(self, text: str, count: int) -> None:
        self._text = text
        self._count = count
        self._tokens = [each.upper() for each in _TOKEN.findall(text)]
        if "".join(self._tokens) != re.sub(r"\s+", "", text).upper():
            raise self._error()

    def _error(self) -> RequestError:
        return RequestError("BAD_REQUEST", f"The filter logic is invalid: {self._text}")

    def _take(self, *words: str) -> bool:
        if self._tokens and self._tokens[0] in words:
            del self._tokens[0]
            return True
        return False

    def end(self) -> None:
        if self._tokens:
            raise self._error()

    def either(self) -> Callable[[Sequence[bool]], bool]:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return lambda passed: any(part(passed) for part in parts)

    def _both(self) -> Callable[[Sequence[bool]], bool]:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return lambda passed: all(part(passed) for part in parts)

    def _one(self) -> Callable[[Sequence[bool]], bool]:
        if self._take("NOT"):
            inner = self._one()
            return lambda passed: not inner(passed)
        if self._take("("):
            found = self.either()
            if not self._take(")"):
                raise self._error()
            return found
        if not self._tokens or not self._tokens[0].isdecimal():
            raise self._error()
        place = int(self._tokens.pop(0)) - 1
        if not 0 <= place < self._count:
            raise self._error()
        return lambda passed: passed[place]
