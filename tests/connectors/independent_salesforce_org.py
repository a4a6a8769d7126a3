"""An org as the reference describes it, for a server that shares no line with our sandbox.

Written from the facts of salesforce.md alone: what a client may rely on, and nothing besides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

Row = dict[str, Any]
ORG_ID = "00Dxx0000001gPLEAY"
USER_ID = "005xx000001Sv6AAAS"
PERMISSION_SET, ASSIGNMENT = "PermissionSet", "PermissionSetAssignment"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRUE, _FALSE = {"true", "1", "yes", "t", "on"}, {"false", "0", "no", "f", "off"}


class Refused(Exception):  # noqa: N818 - reads as what happened
    """What the org will not do."""

    def __init__(
        self, code: str, message: str, fields: Iterable[str] = (), status: int = 400
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.fields = list(fields)


def long_id(short: str) -> str:
    """Return the 18 characters of an id (§1)."""
    checks = ""
    for start in (0, 5, 10):
        group = short[start : start + 5]
        checks += _ALPHABET[sum(2**k for k in range(5) if "A" <= group[k] <= "Z")]
    return short[:15] + checks


def shape(name: str, kind: str, **more: Any) -> Row:
    """Return a field of a describe: the keys that a client needs, and some that nobody knows."""
    made: Row = {
        "zFutureOption": {"mode": ["x", {"y": None}]},
        "soapType": "xsd:string",
        "type": kind,
        "name": name,
        "label": name.replace("__c", "").replace("_", " "),
        "nillable": True,
        "createable": True,
        "updateable": True,
        "defaultedOnCreate": kind == "boolean",
        "custom": name.endswith("__c"),
        "permissionable": name.endswith("__c"),
        "externalId": False,
        "idLookup": False,
        "unique": False,
        "referenceTo": [],
        "picklistValues": [],
    }
    if kind in {"currency", "double"}:
        made |= {"precision": 18, "scale": 2, "length": 0}
    if kind == "reference":
        made["relationshipName"] = f"{name[:-1]}r" if made["custom"] else name.removesuffix("Id")
    return made | more


def system_fields(*, autonumber: bool = False) -> list[Row]:
    """Return what every object has besides its own."""
    fixed = {"createable": False, "updateable": False, "nillable": False}
    stamps = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
    people = ("CreatedById", "LastModifiedById")
    name = {"length": 80} | ({**fixed, "autoNumber": True} if autonumber else {"nameField": True})
    return [
        shape("Id", "id", length=18, idLookup=True, **fixed),
        shape("Name", "string", **name),
        shape("IsDeleted", "boolean", **fixed),
        shape("OwnerId", "reference", referenceTo=["Group", "User"], defaultedOnCreate=True),
        *(shape(each, "datetime", **fixed) for each in stamps),
        *(shape(each, "reference", referenceTo=["User"], **fixed) for each in people),
    ]


@dataclass
class SObject:
    """An object with its rows by id of 15 characters; rows in the recycle bin are kept."""

    name: str
    prefix: str
    fields: dict[str, Row]
    rows: dict[str, Row] = field(default_factory=dict)
    deletions: list[tuple[str, datetime]] = field(default_factory=list)
    label: str = ""

    def named(self, name: str) -> Row | None:
        """Return a field by its name in any case."""
        return self.fields.get(name.lower())

    def live(self) -> Iterator[Row]:
        return (row for row in self.rows.values() if not row.get("IsDeleted"))


class Org:
    """All objects and rows; the server holds its lock while it asks."""

    def __init__(self) -> None:
        self.objects: dict[str, SObject] = {}
        self.components: set[tuple[str, str]] = set()
        self.made = 0
        self.skew = timedelta(0)
        self.last = datetime.now(UTC)
        self._standard()

    def _standard(self) -> None:
        address = shape("BillingAddress", "address", createable=False, updateable=False)
        self.add("Account", "001", [*system_fields(), address, shape("Website", "url", length=255)])
        self.add("Organization", "00D", system_fields())
        self.add("User", "005", system_fields())
        self.add(PERMISSION_SET, "0PS", [*system_fields(), shape("Label", "string", length=80)])
        links = ("AssigneeId", "PermissionSetId")
        self.add(ASSIGNMENT, "0Pa", [*system_fields(), *(shape(n, "id") for n in links)])
        rights = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
        flags = [shape(f"Permissions{right}", "boolean") for right in rights]
        parts = [shape("ParentId", "id"), shape("SobjectType", "picklist")]
        self.add("ObjectPermissions", "110", [*system_fields(), *parts, *flags])
        parts.append(shape("Field", "picklist"))
        self.add("FieldPermissions", "01k", [*system_fields(), *parts, *flags])
        own = {"Id": ORG_ID, "Name": "Independent"}
        self.objects["organization"].rows[ORG_ID[:15]] = own
        self.objects["user"].rows[USER_ID[:15]] = {"Id": USER_ID, "Name": "Ina Dependent"}

    def add(self, name: str, prefix: str, fields: Iterable[Row], label: str = "") -> SObject:
        named = {str(each["name"]).lower(): each for each in fields}
        self.objects[name.lower()] = SObject(name, prefix, named, label=label or name)
        return self.objects[name.lower()]

    def add_custom(self, name: str, fields: Iterable[Row], label: str = "") -> SObject:
        return self.add(name, f"a0{len(self.objects) - 6:X}", fields, label)

    def visible(self, owner: SObject) -> dict[str, Row]:
        """Return the fields that the user may see: custom ones only as granted (§17.2)."""
        assigned = {row["PermissionSetId"] for row in self.objects[ASSIGNMENT.lower()].live()}
        granted = {
            str(row["Field"]).lower()
            for row in self.objects["fieldpermissions"].live()
            if row["ParentId"] in assigned and row.get("PermissionsRead")
        }
        return {
            name: each
            for name, each in owner.fields.items()
            if not each.get("hidden") or f"{owner.name}.{each['name']}".lower() in granted
        }

    def sobject(self, name: str) -> SObject:
        found = self.objects.get(name.lower())
        if found is None:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def now(self) -> datetime:
        """Return a time that no earlier row has."""
        self.last = max(self.last + timedelta(milliseconds=1), datetime.now(UTC) + self.skew)
        return self.last

    def new_id(self, prefix: str) -> str:
        self.made += 1
        number, digits = self.made, ""
        while number:
            number, rest = divmod(number, 62)
            digits = _DIGITS[rest] + digits
        return long_id(f"{prefix}xx{digits.rjust(10, '0')}")

    def by_id(self, record_id: str) -> tuple[SObject, Row]:
        for each in self.objects.values():
            row = each.rows.get(record_id[:15])
            if row is not None and record_id in {row["Id"], row["Id"][:15]}:
                if row.get("IsDeleted"):
                    raise Refused("ENTITY_IS_DELETED", "entity is deleted", status=404)
                return each, row
        raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")

    def found(self, owner: SObject, name: str, value: object) -> list[Row]:
        """Return the rows with a value in a field, without regard to case."""
        wanted = str(value).lower()
        return [row for row in owner.live() if str(row.get(name) or "").lower() == wanted]

    def insert(self, owner: SObject, values: Mapping[str, Any], *, csv: bool = False) -> Row:
        row = self._typed(owner, values, csv=csv)
        lacking = [
            each["name"]
            for each in owner.fields.values()
            if not each["nillable"] and each["createable"] and not each["defaultedOnCreate"]
            if row.get(each["name"]) is None
        ]
        if lacking:
            words = f"Required fields are missing: [{', '.join(lacking)}]"
            raise Refused("REQUIRED_FIELD_MISSING", words, lacking)
        self._unique(owner, row, "")
        now = self.now()
        stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
        nothing = {each["name"]: None for each in owner.fields.values()}
        flags = {e["name"]: False for e in owner.fields.values() if e["type"] == "boolean"}
        people = dict.fromkeys(("CreatedById", "LastModifiedById", "OwnerId"), USER_ID)
        made = {**nothing, **flags, **people, **stamps, **row, "Id": self.new_id(owner.prefix)}
        if (owner.named("Name") or {}).get("autoNumber"):
            made["Name"] = f"N-{self.made:06}"
        owner.rows[made["Id"][:15]] = made
        return made

    def update(
        self, owner: SObject, row: Row, values: Mapping[str, Any], *, csv: bool = False
    ) -> None:
        changed = self._typed(owner, values, csv=csv)
        self._unique(owner, changed, row["Id"])
        now = self.now()
        row.update(changed | {"LastModifiedDate": now, "SystemModstamp": now})

    def delete(self, record_id: str) -> None:
        owner, row = self.by_id(record_id)
        row["IsDeleted"], row["SystemModstamp"] = True, self.now()
        owner.deletions.append((row["Id"], row["SystemModstamp"]))

    def upsert(
        self, owner: SObject, key: str, values: Mapping[str, Any], *, csv: bool = False
    ) -> tuple[Row, bool]:
        """Return the row, and whether it is new."""
        key_field = owner.named(key)
        if key_field is None or not (key_field["externalId"] or key_field["idLookup"]):
            words = f"Provided external ID field does not exist or is not accessible: {key}"
            raise Refused("NOT_FOUND", words, status=404)
        name = key_field["name"]
        known = self.found(
            owner, name, next(v for k, v in values.items() if k.lower() == key.lower())
        )
        if len(known) > 1:
            raise Refused("DUPLICATE_EXTERNAL_ID", "matches more than one record during an upsert")
        if not known:
            return self.insert(owner, values, csv=csv), True
        self.update(owner, known[0], values, csv=csv)
        return known[0], False

    def _unique(self, owner: SObject, row: Row, own_id: str) -> None:
        for each in owner.fields.values():
            value = row.get(each["name"]) if each["unique"] else None
            twins = [] if value is None else self.found(owner, each["name"], value)
            others = [twin for twin in twins if twin["Id"] != own_id]
            if others:
                words = f"duplicate value found: {each['name']} duplicates {others[0]['Id']}"
                raise Refused("DUPLICATE_VALUE", words)

    def _typed(self, owner: SObject, values: Mapping[str, Any], *, csv: bool) -> Row:
        made: Row = {}
        visible = self.visible(owner)
        for name, value in values.items():
            if csv and value == "":
                continue
            if "." in name or isinstance(value, dict):
                key, wanted = name.split(".", 1) if "." in name else (name, "")
                inner = value if isinstance(value, dict) else {wanted: value}
                self._related(visible, made, key, inner)
                continue
            found = visible.get(name.lower())
            if found is None:
                raise Refused(
                    "INVALID_FIELD", f"No such column '{name}' on sobject of type {owner.name}"
                )
            if not (found["createable"] or found["updateable"]):
                words = f"Unable to create/update fields: {name}."
                raise Refused("INVALID_FIELD_FOR_INSERT_UPDATE", words, [name])
            nothing = value is None or value == "" or (csv and value == "#N/A")
            made[found["name"]] = None if nothing else typed(owner, found, value, csv=csv)
        return made

    def _related(self, visible: Mapping[str, Row], made: Row, key: str, inner: Row) -> None:
        """Set a lookup by its parent's external id."""
        names = {str(e.get("relationshipName")).lower(): e for e in visible.values()}
        found = names.get(key.lower())
        if found is None:
            raise Refused("INVALID_FIELD", f"No such relationship '{key}'")
        ((name, value),) = ((k, v) for k, v in inner.items() if k != "attributes")
        if value is None or value == "#N/A":
            made[found["name"]] = None
            return
        parent = self.sobject(found["referenceTo"][0])
        rows = self.found(parent, (parent.named(name) or {"name": name})["name"], value)
        if not rows:
            where = f"not found for field {name} in entity {parent.name}"
            raise Refused("INVALID_FIELD", f"Foreign key external ID: {value} {where}")
        made[found["name"]] = rows[0]["Id"]


def typed(owner: SObject, found: Row, value: Any, *, csv: bool) -> Any:
    """Return a value as the field's type holds it."""
    kind, name = found["type"], found["name"]
    try:
        if kind == "boolean":
            return _flag(value, csv=csv)
        if kind in {"double", "currency", "percent", "int"}:
            return _number(found, value, csv=csv)
        if kind == "date":
            return date.fromisoformat(value)
        if kind == "datetime":
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, TypeError, InvalidOperation) as error:
        words = f"Cannot deserialize instance of {kind} from value {value!r}"
        raise Refused("JSON_PARSER_ERROR", words, [name]) from error
    if not isinstance(value, str):
        raise Refused("JSON_PARSER_ERROR", f"Cannot deserialize {kind} from {value!r}", [name])
    if found.get("length") and len(value) > found["length"]:
        words = f"data value too large: {value[:20]} (max length={found['length']})"
        raise Refused("STRING_TOO_LONG", f"{owner.name} {name}: {words}", [name])
    offered = {each["value"] for each in found["picklistValues"]}
    if found.get("restrictedPicklist") and value not in offered:
        words = f"bad value for restricted picklist field: {value}"
        raise Refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", words, [name])
    return long_id(value) if kind in {"reference", "id"} else value.strip()


def _flag(value: Any, *, csv: bool) -> bool:
    if isinstance(value, bool) and not csv:
        return value
    if csv and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError(value)


def _number(found: Row, value: Any, *, csv: bool) -> Decimal:
    if isinstance(value, bool | str) and not csv:
        raise TypeError(value)
    places = Decimal(1).scaleb(-int(found.get("scale") or 0))
    return Decimal(value).quantize(places)
