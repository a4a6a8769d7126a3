"""The objects of the Tooling API that are read: what the org consists of, as rows (§18)."""

from dataclasses import replace
from typing import Any

from app.sandbox.salesforce.definitions import sobject_from
from app.sandbox.salesforce.schema import Field, SObject

_FLAGS_OF_ENTITY = (
    "IsApexTriggerable", "IsCustomSetting", "IsCustomizable", "IsDeprecatedAndHidden",
    "IsEverCreatable", "IsEverDeletable", "IsEverUpdatable", "IsFlsEnabled", "IsIdEnabled",
    "IsLayoutable", "IsQueryable", "IsReplicateable", "IsRetrieveable", "IsSearchable",
    "IsTriggerable", "IsWorkflowEnabled",
)  # fmt: skip
_FLAGS_OF_FIELD = (
    "IsApiFilterable", "IsApiGroupable", "IsApiSortable", "IsCalculated", "IsCompound",
    "IsHighScaleNumber", "IsHtmlFormatted", "IsIndexed", "IsNameField", "IsNillable",
    "IsPolymorphicForeignKey",
)  # fmt: skip
_TEXTS = {
    "EntityDefinition": (
        "DurableId", "QualifiedApiName", "DeveloperName", "Label", "MasterLabel", "PluralLabel",
        "KeyPrefix", "NamespacePrefix", "PublisherId", "InternalSharingModel",
        "ExternalSharingModel", "DeploymentStatus", "HelpSettingPageName",
    ),
    "FieldDefinition": (
        "DurableId", "QualifiedApiName", "DeveloperName", "Label", "MasterLabel", "DataType",
        "ValueTypeId", "ExtraTypeInfo", "RelationshipName", "NamespacePrefix", "PublisherId",
        "Description",
    ),
    "CustomField": ("DeveloperName", "TableEnumOrId", "NamespacePrefix", "ManageableState",
                    "Description", "InlineHelpText", "RelationshipLabel"),
    "CustomObject": ("DeveloperName", "NamespacePrefix", "ManageableState", "Description",
                     "SharingModel", "Language", "ExternalName"),
    "Layout": ("Name", "TableEnumOrId", "NamespacePrefix", "ManageableState", "LayoutType"),
    "CustomTab": ("DeveloperName", "MasterLabel", "NamespacePrefix", "ManageableState", "Type",
                  "SobjectName"),
    "ValidationRule": ("ValidationName", "NamespacePrefix", "ManageableState", "Description",
                       "ErrorMessage"),
    "ReportType": ("DeveloperName", "MasterLabel", "NamespacePrefix", "Category"),
    "ApexClass": ("Name", "Status", "Body", "NamespacePrefix"),
    "ApexTrigger": ("Name", "Status", "Body", "NamespacePrefix", "TableEnumOrId"),
    "User": ("Name", "Username"),
    "ApexLog": ("Application", "Location", "Operation", "Request", "Status", "StartTime"),
    "RecordType": ("Name", "DeveloperName", "SobjectType", "NamespacePrefix", "Description",
                   "ManageableState"),
    "TabDefinition": ("DurableId", "Name", "Label", "SobjectName", "Url"),
    "SubscriberPackage": ("Name", "NamespacePrefix", "Description"),
    "SubscriberPackageVersion": ("Name", "Description", "SubscriberPackageId",
                                 "Package2ContainerOptions", "ReleaseState"),
    "InstalledSubscriberPackage": (),  # the org has none; clients ask before they deploy
}  # fmt: skip
_NUMBERS = {
    "FieldDefinition": ("Length", "Precision", "Scale"),
    "CustomField": ("Length", "Precision", "Scale"),
    "ApexClass": ("ApiVersion", "LengthWithoutComments"),
    "ApexTrigger": ("ApiVersion", "LengthWithoutComments"),
    "ApexLog": ("DurationMilliseconds", "LogLength"),
    "SubscriberPackageVersion": ("MajorVersion", "MinorVersion", "PatchVersion", "BuildNumber"),
}
_FLAGS = {
    "EntityDefinition": _FLAGS_OF_ENTITY,
    "FieldDefinition": _FLAGS_OF_FIELD,
    "ValidationRule": ("Active",),
    "RecordType": ("IsActive",),
    "TabDefinition": ("IsCustom", "IsAvailableInDesktop", "IsAvailableInLightning"),
    "SubscriberPackageVersion": (
        "IsBeta",
        "IsManaged",
        "IsDeprecated",
        "IsOrgDependent",
        "IsPasswordProtected",
    ),
}
_PARENTS = {
    "InstalledSubscriberPackage": {
        "SubscriberPackage": "SubscriberPackage",
        "SubscriberPackageVersion": "SubscriberPackageVersion",
    },
    "ApexLog": {"LogUser": "User"},
}
_OF_ENTITY = {
    "FieldDefinition": "Fields",
    "CustomField": "CustomFields",
    "Layout": "Layouts",
    "ValidationRule": "ValidationRules",
}
_PREFIXES = {
    "EntityDefinition": "4ie",
    "FieldDefinition": "4fe",
    "CustomField": "00N",
    "CustomObject": "01I",
    "Layout": "00h",
    "CustomTab": "01r",
    "ValidationRule": "03d",
    "ReportType": "070",
    "ApexClass": "01p",
    "ApexTrigger": "01q",
    "User": "005",
    "ApexLog": "07L",
    "RecordType": "012",
    "TabDefinition": "4cx",
    "SubscriberPackage": "033",
    "SubscriberPackageVersion": "04t",
    "InstalledSubscriberPackage": "0A3",
}
WITH_METADATA = frozenset(
    {"CustomField", "Layout", "CustomTab", "ValidationRule", "ReportType", "RecordType"}
)
IN_QUERY_TOO = frozenset(
    {
        "entitydefinition", "fielddefinition", "recordtype", "tabdefinition",
        "apexclass", "apextrigger", "apexlog",
    }
)  # fmt: skip
_LONG = 131_072


def catalog_objects() -> list[SObject]:
    """Return the objects, those that others refer to first."""
    return [_made(name) for name in _TEXTS]


def _made(name: str) -> SObject:
    entries: list[dict[str, Any]] = [
        {"name": each, "label": each, "type": "string", "length": _LONG} for each in _TEXTS[name]
    ]
    entries += [
        {"name": each, "label": each, "type": "int", "digits": 9} for each in _NUMBERS.get(name, ())
    ]
    entries += [{"name": e, "label": e, "type": "boolean"} for e in _FLAGS.get(name, ())]
    if name in WITH_METADATA:
        entries += [
            {"name": each, "label": each, "type": "string", "length": _LONG}
            for each in ("FullName", "Metadata")
        ]
    entry = {"name": name, "label": name, "plural": name, "owner": False, "fields": entries}
    entry |= {"name_field": {"label": "Name"}, "writable": False}
    made = sobject_from(entry, _PREFIXES[name])
    fields = [each for each in made.fields if not each.name_field]
    if name in _OF_ENTITY:
        fields.append(_entity_lookup(_OF_ENTITY[name]))
    fields += [_lookup(each, to) for each, to in _PARENTS.get(name, {}).items()]
    return replace(made, fields=tuple(fields))


def _entity_lookup(children: str) -> Field:
    """Return the lookup that leads to an entity by its durable id, which is no record id."""
    return Field(
        "EntityDefinitionId",
        "Entity Definition ID",
        "string",
        _LONG,
        createable=False,
        updateable=False,
        reference_to=("EntityDefinition",),
        relationship="EntityDefinition",
        children=children,
    )


def _lookup(name: str, parent: str) -> Field:
    return Field(
        f"{name}Id",
        name,
        "reference",
        createable=False,
        updateable=False,
        reference_to=(parent,),
        relationship=name,
    )
