"""What fields that hold nested parts of Orb's say in people's words, a line for each part."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.connectors.orb.preview import in_words
from app.connectors.orb.price_words import adjustment_words

Part = Mapping[str, Any]
_decoder = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


def field_words(entity: str, billing: str, value: str) -> str:
    """Return what a field says; `""` where it has no words, or is not as Orb describes it.

    Args:
        entity: The mapping's name of it.
        billing: Orb's name of the field.
        value: Its text: compact JSON.
    """
    say = _WORDS.get((entity, billing))
    if say is None:
        return ""
    try:
        return "\n".join(map(say, _decoder.decode(value)))
    except (msgspec.DecodeError, msgspec.ValidationError):
        return ""


def _price(price: Part) -> str:
    return f"{price.get('name') or price.get('id')}: {in_words(price)}"


def _interval(interval: Part) -> str:
    price = interval.get("price")
    said = _price(price) if isinstance(price, Mapping) else str(interval.get("price_id"))
    return f"{said}; {_span(interval)}"


def _adjusted(interval: Part) -> str:
    adjustment = interval.get("adjustment")
    said = adjustment_words(adjustment if isinstance(adjustment, Mapping) else {})
    return f"{said}; {_span(interval)}"


def _span(interval: Part) -> str:
    start, end = (_time(interval.get(name)) for name in ("start_date", "end_date"))
    return f"from {start} to {end}" if end else f"from {start} on"


def _time(told: object) -> str:
    """Return a time in UTC to the minute; what is none comes back as it is."""
    try:
        found = datetime.fromisoformat(str(told or ""))
    except ValueError:
        return str(told or "")
    return f"{found.astimezone(UTC) if found.tzinfo else found:%Y-%m-%d %H:%M} UTC"


_WORDS: Mapping[tuple[str, str], Callable[[Part], str]] = {
    ("plan", "prices"): _price,
    ("subscription", "price_intervals"): _interval,
    ("subscription", "adjustment_intervals"): _adjusted,
    ("invoice_line_item_billing", "adjustments"): adjustment_words,
}
