"""Rules by which a difference does not count: "same when ignored", with the rule's name."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from app.domain.convert import text
from app.domain.mapping import IgnoreRule
from app.domain.record import FieldValue
from app.errors import WrongUse

_SETTINGS = {
    "name", "field", "billing", "salesforce", "pattern", "case", "spaces", "tolerance",
}  # fmt: skip


def covers(rule: IgnoreRule, billing: FieldValue, salesforce: FieldValue) -> bool:
    """Return whether a rule ignores the difference of these two values of its field."""
    if rule.billing is not None and not _is(rule.billing, billing):
        return False
    if rule.salesforce is not None and not _is(rule.salesforce, salesforce):
        return False
    if rule.tolerance is not None and not _near(rule.tolerance, billing, salesforce):
        return False
    if rule.pattern or rule.case or rule.spaces:
        return _trimmed(rule, text(billing)) == _trimmed(rule, text(salesforce))
    return True


def rule_for(
    rules: Sequence[IgnoreRule], field: str, billing: FieldValue, salesforce: FieldValue
) -> str:
    """Return the name of the first rule that ignores a field's difference, `""` for none."""
    for rule in rules:
        if rule.field == field and covers(rule, billing, salesforce):
            return rule.name
    return ""


def rule_from(said: Mapping[str, Any], entity: str) -> IgnoreRule:
    """Return the rule that a mapping file, the store or the command line describes.

    Raises:
        WrongUse: It has no name or field, names an unknown setting, or its pattern or tolerance
            cannot be read.
    """
    what = f"The ignore rule {said.get('name', '')!r} of {entity!r}"
    if unknown := set(said) - _SETTINGS:
        known = ", ".join(sorted(_SETTINGS))
        raise WrongUse(f"{what} has no setting {min(unknown)!r}.", f"It may have: {known}.")
    for needed in ("name", "field"):
        if not isinstance(said.get(needed), str) or not said[needed]:
            raise WrongUse(f"{what} lacks its {needed}.", f"Give it a {needed}.")
    return IgnoreRule(
        name=said["name"],
        entity=entity,
        field=said["field"],
        billing=None if said.get("billing") is None else str(said["billing"]),
        salesforce=None if said.get("salesforce") is None else str(said["salesforce"]),
        pattern=_checked(str(said.get("pattern") or ""), what),
        case=bool(said.get("case")),
        spaces=bool(said.get("spaces")),
        tolerance=_number(said.get("tolerance"), what),
    )


def rule_to_json(rule: IgnoreRule) -> dict[str, Any]:
    """Return what `rule_from` reads; settings that say nothing are left out."""
    said = {
        "name": rule.name,
        "field": rule.field,
        "billing": rule.billing,
        "salesforce": rule.salesforce,
        "pattern": rule.pattern or None,
        "case": rule.case or None,
        "spaces": rule.spaces or None,
        "tolerance": None if rule.tolerance is None else str(rule.tolerance),
    }
    return {name: value for name, value in said.items() if value is not None}


def _checked(pattern: str, what: str) -> str:
    try:
        _compiled(pattern)
    except re.error as error:
        raise WrongUse(
            f"{what} has a pattern that is none: {error}.", "Write a regular expression."
        ) from error
    return pattern


def _number(said: object, what: str) -> Decimal | None:
    if said is None:
        return None
    try:
        number = Decimal(str(said))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise WrongUse(f"{what} has the tolerance {said!r}.", 'Write a number such as "0.01".')
    return number


def _is(said: str, value: FieldValue) -> bool:
    """Return whether a value is the one that a rule names, however a number is written there."""
    shown = text(value)
    if isinstance(value, bool):
        return said.casefold() == shown
    if isinstance(value, int | Decimal) and said != shown:
        try:
            return Decimal(said) == value
        except InvalidOperation:
            return False
    return said == shown


def _near(tolerance: Decimal, billing: FieldValue, salesforce: FieldValue) -> bool:
    if not isinstance(billing, int | Decimal) or not isinstance(salesforce, int | Decimal):
        return False
    return abs(Decimal(billing) - Decimal(salesforce)) <= tolerance


def _trimmed(rule: IgnoreRule, value: str) -> str:
    if rule.pattern:
        value = _compiled(rule.pattern).sub("", value)
    if rule.spaces:
        value = " ".join(value.split())
    return value.casefold() if rule.case else value


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
