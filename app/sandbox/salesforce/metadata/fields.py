"""CustomField: what its elements mean, and what each type demands or refuses (§17.2)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.sandbox.salesforce.metadata.draft import Draft
from app.sandbox.salesforce.metadata.problems import Problem
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.schema import Field, SObject

_TEXTS = frozenset(
    {"Text", "TextArea", "LongTextArea", "Email", "Phone", "Url", "Picklist", "AutoNumber", "Html"}
)
_NUMBERS = frozenset({"Number", "Currency", "Percent"})
_MOST_MASTERS = 2
_LONGEST_NAME = 40
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What a metadata type becomes, what it demands, and what else of the sizes it takes."""

    word: str  # describe's
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    length: int = 0  # where the type has one of its own
    longest: int = 255


def _rule(
    word: str, must: str = "", may: str = "", length: int = 0, longest: int = 255
) -> TypeRule:
    return TypeRule(word, frozenset(must.split()), frozenset(may.split()), length, longest)


_KEYS = "externalId unique required"
_RULES = {
    "Text": _rule("string", "length", f"caseSensitive {_KEYS}"),
    "TextArea": _rule("textarea", "", "required", 255),
    "LongTextArea": _rule("textarea", "length visibleLines", "", 0, 131_072),
    "Html": _rule("textarea", "length visibleLines", "", 0, 131_072),
    "Number": _rule("double", "precision scale", _KEYS),
    "Currency": _rule("currency", "precision scale", "required"),
    "Percent": _rule("percent", "precision scale", "required"),
    "Checkbox": _rule("boolean", "defaultValue"),
    "Date": _rule("date", "", "required"),
    "DateTime": _rule("datetime", "", "required"),
    "Email": _rule("email", "", _KEYS, 80),
    "Phone": _rule("phone", "", "required", 40),
    "Url": _rule("url", "", "required", 255),
    "Picklist": _rule("picklist", "valueSet", "required", 255),
    "MultiselectPicklist": _rule("multipicklist", "valueSet visibleLines", "required", 4099),
    "EncryptedText": _rule("encryptedstring", "length", "maskChar maskType required", 0, 175),
    "AutoNumber": _rule("string", "displayFormat", "externalId", 30),
    "Lookup": _rule("reference", "referenceTo", "relationshipName relationshipLabel "
                    "deleteConstraint required lookupFilter", 18),
    "MasterDetail": _rule("reference", "referenceTo relationshipName", "relationshipLabel "
                          "relationshipOrder reparentableMasterDetail writeRequiresMasterRead "
                          "lookupFilter", 18),
}  # fmt: skip
_GUARDED = (
    "length", "precision", "scale", "displayFormat", "visibleLines", "referenceTo", "valueSet",
    "relationshipName", "deleteConstraint", "relationshipOrder", "maskChar", "maskType",
)  # fmt: skip
_GUARDED_IF_TRUE = ("externalId", "unique", "required")
_NOT_HERE = frozenset(
    {"Time", "Location", "Summary", "Hierarchy", "ExternalLookup", "IndirectLookup", "File",
     "MetadataRelationship", "Array"}
)  # fmt: skip
_NOT_EVALUATED = ("formula", "summaryOperation", "summarizedField")


def deploy_field(draft: Draft, sobject: SObject, node: Node) -> Field:
    """Put the field that a node describes into the draft and return it.

    Raises:
        Problem: It cannot be so, or the field that is there cannot become so.
    """
    name = node.get("fullName")
    known = sobject.by_name.get(name.lower())
    if not name.lower().endswith("__c"):
        if known is None or known.custom:
            raise Problem("Could not resolve standard field's name.", node)
        return known  # of a standard field, only what the sandbox does not show can be set
    made = field_of(draft, sobject, node)
    if known is not None:
        _check_change(draft, sobject, known, made, node)
        made = replace(made, name=known.name)
    elif _is_master(node):
        _check_new_master(draft, sobject, node)
    changed = draft.put_field(sobject, made)
    if known is None and (made.nillable or made.type == "boolean"):
        draft.governed.add((changed.name, made.name))
    return made


def field_of(draft: Draft, sobject: SObject, node: Node) -> Field:
    """Return the field that a node describes; raises as deploy_field does."""
    kind, name = node.get("type"), node.get("fullName")
    _check_name(name, node)
    rule = _rule_of(kind, node)
    _check_elements(rule, kind, node)
    label = node.get("label")
    if not label:
        raise Problem("Must specify a non-empty label for the CustomField", node)
    master = kind == "MasterDetail"
    required = node.flag("required") or master
    auto = node.get("displayFormat")
    external = node.flag("externalId")
    field = Field(
        name=name,
        label=label,
        type=rule.word,
        length=_length(rule, node),
        precision=_whole(node, "precision"),
        scale=_whole(node, "scale"),
        custom=True,
        nillable=not required and rule.word != "boolean",
        createable=not auto,
        updateable=not auto and (not master or node.flag("reparentableMasterDetail")),
        defaulted=rule.word == "boolean" or bool(auto),
        external_id=external,
        unique=node.flag("unique"),
        case_sensitive=node.flag("caseSensitive"),
        id_lookup=external,
        auto_number=auto,
    )
    return _SPECIAL.get(kind, _plain)(draft, sobject, node, field)


def _check_name(name: str, node: Node) -> None:
    plain = name.lower().removesuffix("__c")
    if not plain or not plain.replace("_", "").isalnum() or not plain[0].isalpha():
        text = (
            "The Custom Field Name can only contain alphanumeric characters, must begin with a "
            "letter, cannot end with an underscore or contain two consecutive underscore characters"
        )
        raise Problem(f"{text}: {name}", node, "INVALID_FIELD")
    if plain.endswith("_") or "__" in plain or len(plain) > _LONGEST_NAME:
        text = f"Name: must be at most {_LONGEST_NAME} characters, without '__' or a last '_'"
        raise Problem(f"{text}: {name}", node, "STRING_TOO_LONG")


def _rule_of(kind: str, node: Node) -> TypeRule:
    if not kind:
        raise Problem("Must specify the type for a CustomField", node)
    for name in _NOT_EVALUATED:
        if node.has(name):
            raise Problem(f"{name}: this sandbox evaluates neither formulas nor summaries", node)
    rule = _RULES.get(kind)
    if kind in _NOT_HERE:
        raise Problem(f"This sandbox has no fields of type {kind}", node)
    if rule is None:
        raise Problem(f"'{kind}' is not a valid value for the enum 'FieldType'", node)
    return rule


def _check_elements(rule: TypeRule, kind: str, node: Node) -> None:
    for name in sorted(rule.must):
        if not node.has(name) and not (name == "valueSet" and node.has("picklist")):
            raise Problem(f"Must specify '{name}' for a CustomField of type {kind}", node)
    allowed = rule.must | rule.may
    if kind == "MasterDetail" and node.has("required"):
        raise Problem("Master-Detail Relationship Fields Cannot be Optional or Required", node)
    for name in _GUARDED:
        if node.has(name) and name not in allowed:
            raise Problem(f"Can not specify '{name}' for a CustomField of type {kind}", node)
    for name in _GUARDED_IF_TRUE:
        if node.flag(name) and name not in allowed:
            raise Problem(f"Can not specify '{name}' for a CustomField of type {kind}", node)


def _whole(node: Node, name: str) -> int:
    text = node.get(name, "0")
    if not text.isdecimal():
        raise Problem(f"{name}: '{text}' is not a valid value for the type xsd:int", node)
    return int(text)


def _length(rule: TypeRule, node: Node) -> int:
    if rule.length:
        return rule.length
    length = _whole(node, "length")
    if "length" in rule.must and not 0 < length <= rule.longest:
        raise Problem(f"Length: must be between 1 and {rule.longest}", node)
    return length


def _plain(draft: Draft, sobject: SObject, node: Node, field: Field) -> Field:
    del draft, sobject
    if field.is_number:
        if not 0 < field.precision <= _MOST_DIGITS or field.scale > field.precision:
            text = f"Precision: must be between 1 and {_MOST_DIGITS}, and not below the scale"
            raise Problem(text, node)
        return field
    if field.type == "boolean":
        return replace(field, default=int(node.flag("defaultValue")))
    return field


def _picklist(draft: Draft, sobject: SObject, node: Node, field: Field) -> Field:
    del draft, sobject
    outer = node.child("valueSet") or node.child("picklist") or node
    if outer.has("valueSetName"):
        raise Problem("In field: valueSetName - no GlobalValueSet named "
                      f"{outer.get('valueSetName')} found", node)  # fmt: skip
    inner = outer.child("valueSetDefinition") or outer
    nodes = inner.all("value") or inner.all("picklistValues")
    values = [each.get("fullName") for each in nodes]
    if not values or not all(values):
        raise Problem("Picklist must have at least one value, each with its fullName", node)
    doubled = {each for each in values if values.count(each) > 1}
    if doubled:
        raise Problem(f"Duplicate picklist value: {min(doubled)}", node, "DUPLICATE_VALUE")
    if inner.flag("sorted"):
        values.sort()
    default = next((each.get("fullName") for each in nodes if each.flag("default")), None)
    return replace(
        field, values=tuple(values), restricted=outer.flag("restricted"), default=default
    )


def _lookup(draft: Draft, sobject: SObject, node: Node, field: Field) -> Field:
    target = node.get("referenceTo")
    parent = sobject if target.lower() == sobject.name.lower() else draft.find(target)
    if parent is None or (not parent.writable and parent.name != "User"):
        raise Problem(f"referenceTo value of '{target}' does not resolve to a valid sObject type",
                      node)  # fmt: skip
    children = node.get("relationshipName")
    if children:
        for other, lookup in draft.children(parent.name):
            same = (other.name, lookup.name.lower()) == (sobject.name, field.name.lower())
            if not same and (lookup.children or "").removesuffix("__r") == children:
                text = f"There is already a Child Relationship named {children} on {parent.name}."
                raise Problem(text, node)
    master = field.updateable is False or not field.nillable
    return replace(
        field,
        reference_to=(parent.name,),
        relationship=field.name[:-3] + "__r",
        children=f"{children}__r" if children else None,
        cascade=_is_master(node) or (node.get("deleteConstraint") == "Cascade" and not master),
        restrict=node.get("deleteConstraint") == "Restrict",
    )


Finish = Callable[[Draft, SObject, Node, Field], Field]
_SPECIAL: dict[str, Finish] = {
    "Picklist": _picklist,
    "MultiselectPicklist": _picklist,
    "Lookup": _lookup,
    "MasterDetail": _lookup,
}


def _is_master(node: Node) -> bool:
    return node.get("type") == "MasterDetail"


def is_master(field: Field) -> bool:
    """Tell whether a field is a master-detail relationship."""
    return field.type == "reference" and field.cascade and not field.nillable


def _check_new_master(draft: Draft, sobject: SObject, node: Node) -> None:
    if sobject.name.lower() in {each.lower() for each in draft.facts.filled}:
        text = (
            "Schema update failed: a Master-Detail Relationship cannot be added to an object that "
            "contains data"
        )
        raise Problem(text, node)
    if sum(is_master(each) for each in sobject.fields) >= _MOST_MASTERS:
        raise Problem("You have reached the maximum number of Master-Detail fields", node)
    if not sobject.custom:
        raise Problem("A standard object cannot be the detail of a Master-Detail field", node)


def _check_change(draft: Draft, sobject: SObject, known: Field, made: Field, node: Node) -> None:
    if known.type == made.type:
        if known.reference_to != made.reference_to:
            raise Problem("Cannot change the object that a relationship refers to", node)
        return
    kinds = {known.type, made.type}
    if "reference" in kinds:
        raise Problem("Cannot update a field to a Lookup, MasterDetail, or Hierarchy from "
                      "something else" if made.type == "reference" else
                      "Cannot change a Lookup or MasterDetail to something else", node)  # fmt: skip
    texts = {_RULES[each].word for each in _TEXTS}
    numbers = {_RULES[each].word for each in _NUMBERS}
    if not (kinds <= texts or kinds <= numbers) and sobject.name in draft.facts.filled:
        raise Problem("Cannot change type due to existing data", node)
