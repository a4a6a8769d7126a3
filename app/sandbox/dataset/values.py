"""What a data set is: rows of both systems in step, and the edits that bring them out of step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of drift, made on one system by a person.

    `system` is "aria" or "salesforce", `verb` "insert", "update" or "delete". For Salesforce
    `type_name` is the sObject and `key` the Aria_Key__c of the row; for Aria the type and its
    client-defined key, composite keys joined by "|". `values` of an insert is the whole row, of a
    delete empty.
    """

    system: str
    verb: str
    type_name: str
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A catalog as both systems hold it.

    `aria` maps Aria's types to rows under the names that Aria's API prints; `salesforce` maps
    sObjects to rows as in REST bodies (fields by API name, lookups as {"Plan__r": {"Aria_Key__c":
    ...}}). Both are in step: every mapped field is equal. `drift` is applied in order, unless the
    sandbox is reset without it.
    """

    aria: Mapping[str, Sequence[Row]]
    salesforce: Mapping[str, Sequence[Row]]
    drift: tuple[Edit, ...]
