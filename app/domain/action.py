"""Actions: what can be done in a system that no edit of a field says; each becomes one operation.

What a connector offers as an action is carried like everything else: as an operation of a plan that
is reviewed, journaled, looked at again before it is sent, and read back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.mapping import FieldType
from app.domain.plan import Verb
from app.domain.record import FieldValue
from app.domain.source import Source

Named = Mapping[str, FieldValue]
"""A record's values by the mapping's names of its fields."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that an action has to be told.

    Attributes:
        type: What it is converted to.
        needed: Whether the action cannot do without it.
        choices: What it may be; empty when anything goes.
        about: What it means, and what it is when it is not given.
    """

    name: str
    label: str
    type: FieldType = FieldType.TEXT
    needed: bool = False
    choices: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done about a record of an entity.

    Attributes:
        entity: Of whose records it can be done.
        inputs: What it has to be told, in the order in which to ask.
        makes: Whether it makes such a record, so that there is none yet to name.
        undo: How it is taken back, in words.
        sources: Objects of the org, other than its own, from which inputs can be taken: the mapping
            names them.
    """

    name: str
    label: str
    entity: str
    inputs: tuple[Input, ...] = ()
    makes: bool = False
    undo: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What a record of Salesforce tells an action.

    Attributes:
        made_from: The key by which the record counts as the one that is made, `""` where it
            does not.
        key: The key of the record that the action is about, `""` for one that makes one.
        given: Input → words, as somebody would type them.
        notes: How the record was understood.
        warnings: What of it is left out.
        unclear: What of the record could not be taken, and what to do.
    """

    made_from: str = ""
    key: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


NOTHING_TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that somebody wants.

    Attributes:
        key: The record's key; for an action that makes one, the key of the Salesforce record that
            it is made from, or `""`.
        record: The record as the mirror has it on the billing side; empty for one to be made.
        given: Input → value; what was not given is absent.
        now: The present, aware.
        look: Gives any other record of the billing side by entity and key, None if there is none.
    """

    action: Action
    key: str
    record: Named
    given: Named
    now: datetime
    look: Callable[[str, str], Named | None] = field(default=lambda _entity, _key: None)


@dataclass(frozen=True, slots=True)
class Planned:
    """The operation that an action becomes.

    Attributes:
        key: The record's key; for an insert whose key the system gives, one that names it until.
        values: What is set: of an update what changes, of an insert all that is known.
        notes: What a person should know before it is committed, such as what it will cost.
    """

    entity: str
    key: str
    verb: Verb
    values: Named = field(default_factory=dict)
    notes: tuple[str, ...] = ()
