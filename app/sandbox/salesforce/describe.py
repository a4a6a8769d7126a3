"""Describe: the schema in the words of the REST API, with all keys that real orgs send (§4)."""

from typing import Any

from app.sandbox.salesforce.ids import MASTER_RECORD_TYPE
from app.sandbox.salesforce.schema import NUMBERS, Field, Schema, SObject

Json = dict[str, Any]

MERGEABLE = frozenset({"Account", "Contact"})
_UTF8_BYTES = 3
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
}


def global_entry(sobject: SObject, root: str) -> Json:
    """Return an sObject as the list of all sObjects shows it."""
    base = f"{root}/sobjects/{sobject.name}"
    writable = sobject.writable
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": writable,
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": writable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": True,
        "mergeable": sobject.name in MERGEABLE,
        "mruEnabled": writable,
        "name": sobject.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": True,
        "undeletable": writable,
        "updateable": writable,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def full(schema: Schema, sobject: SObject, root: str) -> Json:
    """Return the describe of an sObject; what the user may not see is absent."""
    return {
        **global_entry(sobject, root),
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": child.field.cascade,
                "childSObject": child.sobject.name,
                "deprecatedAndHidden": False,
                "field": child.field.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": child.field.children,
                "restrictedDelete": not child.field.nillable and child.field.createable,
            }
            for child in schema.children(sobject)
        ],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [field(schema, sobject, each) for each in schema.visible_fields(sobject)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_master_record_type(sobject, root)],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {sobject.plural.lower()}", "name": "everything"},
            {"label": f"My {sobject.plural.lower()}", "name": "mine"},
        ],
        "urls": _urls(sobject, root),
    }


def _urls(sobject: SObject, root: str) -> dict[str, str]:
    base = f"{root}/sobjects/{sobject.name}"
    layouts = ("approvalLayouts", "compactLayouts", "layouts")
    return {
        "sobject": base,
        "rowTemplate": f"{base}/{{ID}}",
        "describe": f"{base}/describe",
        **{name: f"{base}/describe/{name}" for name in layouts},
        **{name: f"{base}/{name}" for name in ("listviews", "quickActions")},
    }


def _master_record_type(sobject: SObject, root: str) -> Json:
    layout = f"{root}/sobjects/{sobject.name}/describe/layouts/{MASTER_RECORD_TYPE}"
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER_RECORD_TYPE,
        "urls": {"layout": layout},
    }


def field(schema: Schema, sobject: SObject, each: Field) -> Json:
    """Return one field with all its keys."""
    editable = schema.can_edit(sobject, each)
    return {
        **_FIELD_CONSTANTS,
        "cascadeDelete": each.cascade,
        **_numbers(each),
        **_lookup(each),
        **_uses(each),
        "autoNumber": bool(each.auto_number),
        "caseSensitive": each.case_sensitive,
        "createable": each.createable and editable,
        "custom": each.custom,
        "defaultValue": _default(each),
        "defaultedOnCreate": each.defaulted,
        "externalId": each.external_id,
        "extraTypeInfo": _extra_type(each),
        "idLookup": each.id_lookup,
        "label": each.label,
        "name": each.name,
        "nameField": each.name_field,
        "nillable": each.nillable,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": v == each.default,
                "label": v,
                "validFor": None,
                "value": v,
            }
            for v in each.values
        ],
        "restrictedPicklist": each.restricted,
        "soapType": _SOAP.get(each.type, "xsd:string"),
        "type": each.type,
        "unique": each.unique,
        "updateable": each.updateable and editable,
    }


def _default(each: Field) -> object:
    return bool(each.default) if each.type == "boolean" else None


def _numbers(each: Field) -> Json:
    exact = each.is_id
    return {
        "byteLength": each.length if exact else each.length * _UTF8_BYTES,
        "digits": each.digits,
        "length": each.length,
        "precision": each.precision,
        "scale": each.scale,
    }


def _lookup(each: Field) -> Json:
    return {
        "namePointing": len(each.reference_to) > 1,
        "polymorphicForeignKey": len(each.reference_to) > 1,
        "referenceTo": list(each.reference_to),
        "relationshipName": each.relationship,
        "restrictedDelete": bool(each.reference_to) and each.createable and not each.nillable,
    }


def _uses(each: Field) -> Json:
    searched = each.is_id or each.external_id or each.name in {"CreatedDate", "SystemModstamp"}
    return {
        "aggregatable": not each.long_text and each.type != "boolean",
        "filterable": not each.long_text,
        "groupable": not each.long_text and each.type not in NUMBERS | {"datetime"},
        "permissionable": each.nillable and each.createable,
        "searchPrefilterable": searched,
        "sortable": not each.long_text,
    }


def _extra_type(each: Field) -> str | None:
    if each.type == "textarea":
        return "plaintextarea"
    return "externallookup" if each.type == "indirectlookup" else None


_FIELD_CONSTANTS: Json = {
    "aiPredictionField": False,
    "calculated": False,
    "calculatedFormula": None,
    "compoundFieldName": None,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "writeRequiresMasterRead": False,
}
