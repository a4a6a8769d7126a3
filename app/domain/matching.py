"""Matching: which record of the org's own objects a record of billing belongs to.

Unlike pairing this makes no twins: a customer of billing looks up to a Salesforce account, several
may look up to one, and which is Salesforce's to say. Nothing is guessed: what is not said by an id
is only suggested.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from app.domain.pairing import normal_name

_SHORT_ID, _LONG_ID = 15, 18
_SUFFIX_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ANYBODYS = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"}
)
"""Domains whose addresses say nothing of the company."""


class Reason(Enum):
    """Why two belong together, the surest first."""

    ID = "names its id"
    NAME_AND_DOMAIN = "same name and domain"
    NAME = "same name"

    @property
    def is_sure(self) -> bool:
        """Whether nobody has to confirm it."""
        return self is Reason.ID


@dataclass(frozen=True, slots=True)
class Customer:
    """A record of billing that is to look up to something.

    Attributes:
        texts: All its texts in which an id of the org could stand.
    """

    key: str
    name: str
    email: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A record of the org that could be looked up to."""

    id: str
    name: str
    website: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one customer: one target, or several of which a person has to say one."""

    customer: Customer
    targets: tuple[Target, ...]
    reason: Reason

    @property
    def is_ambiguous(self) -> bool:
        """Whether there are several."""
        return len(self.targets) > 1


@dataclass
class _Sought:
    """What is looked for among the targets, and what was found of it."""

    by_id: Mapping[str, list[Customer]]
    by_name: Mapping[str, list[Customer]]
    found: dict[tuple[str, Reason], dict[str, Target]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def look_at(self, target: Target) -> None:
        """Note for whom a target could be the one."""
        for one in self.by_id.get(target.id, ()):
            self.found[one.key, Reason.ID][target.id] = target
        name = normal_name(target.name)
        for one in self.by_name.get(name, ()) if name else ():
            same = domain_of(one.email) in {*_domains(target.website)} - {""}
            reason = Reason.NAME_AND_DOMAIN if same else Reason.NAME
            self.found[one.key, reason][target.id] = target


def matches(customers: Sequence[Customer], targets: Iterable[Target]) -> Iterator[Found]:
    """Yield what was found for each customer, in their order; for some there is nothing.

    The targets may be millions: they are looked at one by one, and none is kept in vain.
    """
    by_id: dict[str, list[Customer]] = defaultdict(list)
    by_name: dict[str, list[Customer]] = defaultdict(list)
    for one in customers:
        for text in dict.fromkeys(filter(None, map(long_id, one.texts))):
            by_id[text].append(one)
        if name := normal_name(one.name):
            by_name[name].append(one)
    sought = _Sought(by_id, by_name)
    for target in targets:
        sought.look_at(target)
    for one in customers:
        for reason in Reason:
            if some := sought.found.get((one.key, reason)):
                yield Found(one, tuple(sorted(some.values(), key=lambda t: t.id)), reason)
                break


def long_id(text: str) -> str:
    """Return an id of Salesforce in its long form of 18 characters, `""` where it can be none.

    The last three letters say which of the others are upper case (salesforce.md §1).
    """
    if len(text) not in {_SHORT_ID, _LONG_ID} or not (text.isascii() and text.isalnum()):
        return ""
    short = text[:_SHORT_ID]
    suffix = ""
    for start in range(0, _SHORT_ID, 5):
        bits = sum(1 << place for place, c in enumerate(short[start : start + 5]) if c.isupper())
        suffix += _SUFFIX_LETTERS[bits]
    return short + suffix if text[_SHORT_ID:] in {"", suffix} else ""


def domain_of(email: str) -> str:
    """Return the domain of an address, `""` for none or one that says nothing."""
    found = email.rpartition("@")[2].strip().casefold() if "@" in email else ""
    return "" if found in _ANYBODYS else found


def _domains(website: str) -> Iterator[str]:
    """Yield the domain of a website, and without its `www.`."""
    text = website.strip().casefold()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:  # people write anything, such as [todo]
        return
    yield host
    yield host.removeprefix("www.")
