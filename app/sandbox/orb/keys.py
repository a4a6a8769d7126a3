"""What an Orb account is known by: its keys, its secret, and when its data set is of."""

import string
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from app.sandbox.orb.world import make_id

ROOT = "/v1"
LIVE, TEST = "live", "test"
_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The API key of each mode, the secret that signs webhooks, the data set's present."""

    by_mode: dict[str, str] = field(repr=False)
    webhook_secret: str = field(repr=False)
    first_day: datetime


def keys_for(seed: int, now: datetime) -> Keys:
    """Return the keys of an account; the same seed gives the same ones."""
    random = Random(f"orb {seed}")
    letters = string.ascii_letters + string.digits
    by_mode = {mode: "".join(random.choices(letters, k=_LENGTH)) for mode in (LIVE, TEST)}
    return Keys(by_mode, "".join(random.choices("0123456789abcdef", k=_LENGTH)), first_day(now))


def first_day(now: datetime) -> datetime:
    """Return the data set's present at a time: the beginning of its month."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def plan_ids(seed: int) -> list[str]:
    """Return the ids of the first two plans of live mode, which need not have been made yet."""
    return [make_id(f"{seed} {LIVE}", "plan", count) for count in (1, 2)]
