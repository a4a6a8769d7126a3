"""What a target takes: the rules of its fields, as far as it tells them before a write."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.domain.convert import text
from app.domain.record import BaseValue, Unreadable

_NAMED = 8  # values of a list that an objection names


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a target takes in one field; by itself, anything.

    Attributes:
        required: Whether an insert must give it and nothing may clear it.
        length: The most characters; 0 for any.
        digits: The most digits before the point; 0 for any.
        scale: The most decimals that are kept; None for any.
        values: What a restricted list holds; empty for any value.
        unique: Whether two records may not have the same value.
        insertable: Whether an insert may give it.
        updatable: Whether an update may change it.
        earliest: The first day taken, ISO 8601; `""` for any.
        latest: The last day taken.
    """

    required: bool = False
    length: int = 0
    digits: int = 0
    scale: int | None = None
    values: tuple[str, ...] = ()
    unique: bool = False
    insertable: bool = True
    updatable: bool = True
    earliest: str = ""
    latest: str = ""


@dataclass(frozen=True, slots=True)
class Precedence:
    """Of the records that are for one thing, the one in a certain place has to be made first.

    Attributes:
        thing: The field that says what a record is for (a price: the product).
        place: The field that says where it stands (a price: the price book).
        first: The side's own id of the place that comes first.
        done: The side's own ids of the things that have their first record.
        lacks: In words, what a target says of a record that comes before the first.
    """

    thing: str
    place: str
    first: str
    done: frozenset[str]
    lacks: str

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {**asdict(self), "done": sorted(self.done)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Precedence":
        """Return what `to_json` made."""
        return cls(**{**said, "done": frozenset(said["done"])})


@dataclass(frozen=True, slots=True)
class Constraints:
    """The rules of one entity on one side.

    Attributes:
        fields: Mapped field → its rule; of one that is not here nothing is known.
        unmapped: Fields that an insert must give and that the mapping does not fill.
        not_checked: What the target checks and does not tell, in words.
        precedence: Which record has to be there before others, if any.
    """

    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    precedence: Precedence | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads; rules that say nothing are left out."""
        return {
            "fields": {
                name: {k: v for k, v in asdict(rule).items() if v != _ANYTHING[k]}
                for name, rule in self.fields.items()
            },
            "unmapped": list(self.unmapped),
            "not_checked": list(self.not_checked),
            **({"precedence": self.precedence.to_json()} if self.precedence else {}),
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Constraints":
        """Return what `to_json` made."""
        rules = {
            name: FieldRule(**{**rule, "values": tuple(rule.get("values", ()))})
            for name, rule in said["fields"].items()
        }
        order = Precedence.from_json(said["precedence"]) if "precedence" in said else None
        return cls(rules, tuple(said["unmapped"]), tuple(said["not_checked"]), order)


def objection(rule: FieldRule, value: BaseValue, *, insert: bool) -> str:
    """Return in words why a target will refuse a value, `""` where nothing is known against it."""
    if isinstance(value, Unreadable):
        return f"{value.text!r} cannot be read"
    if value is None:
        return "it must have a value" if rule.required else ""
    if not (rule.insertable if insert else rule.updatable):
        return "it cannot be set" if insert else "it cannot be changed"
    return _of_value(rule, value)


def rounded(rule: FieldRule, value: BaseValue) -> str:
    """Return in words what a target will not keep of a value, `""` where it keeps all."""
    if rule.scale is None or not isinstance(value, Decimal):
        return ""
    kept = value.quantize(Decimal(1).scaleb(-rule.scale))
    return "" if kept == value else f"{text(value)} will be kept as {text(kept)}"


def _of_value(rule: FieldRule, value: BaseValue) -> str:
    if isinstance(value, str):
        return _of_text(rule, value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _of_number(rule, Decimal(value))
    return _of_day(rule, value) if isinstance(value, date) else ""


def _of_text(rule: FieldRule, value: str) -> str:
    if rule.length and len(value) > rule.length:
        return f"{len(value)} characters, the field holds {rule.length}"
    if rule.values and value not in rule.values:
        named = ", ".join(rule.values[:_NAMED])
        more = " and others" if len(rule.values) > _NAMED else ""
        return f"{value!r} is not among {named}{more}"
    return ""


def _of_number(rule: FieldRule, value: Decimal) -> str:
    whole = abs(int(value))
    if rule.digits and len(str(whole)) > rule.digits and whole:
        return f"{text(value)} has more than {rule.digits} digits before the point"
    return ""


def _of_day(rule: FieldRule, value: date) -> str:
    day = (value.date() if isinstance(value, datetime) else value).isoformat()
    if (rule.earliest and day < rule.earliest) or (rule.latest and day > rule.latest):
        return f"{day} is not between {rule.earliest} and {rule.latest}"
    return ""


_ANYTHING = asdict(FieldRule())
