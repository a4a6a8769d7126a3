"""The kinds of metadata that the org takes: where their files stand, what they hold (§17.2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of metadata as describeMetadata knows it."""

    name: str
    folder: str
    suffix: str
    prefix: str  # of the ids of its components
    children: tuple[tuple[str, str], ...] = ()  # element within the file, kind of the part
    in_folder: bool = False
    meta_file: bool = False
    folder_kind: str = ""  # what listMetadata calls its folders

    def path(self, full_name: str) -> str:
        """Return where a component's file stands in a package."""
        return f"{self.folder}/{full_name}.{self.suffix}"


_OBJECT_PARTS = (
    ("fields", "CustomField"),
    ("listViews", "ListView"),
    ("validationRules", "ValidationRule"),
    ("recordTypes", "RecordType"),
    ("compactLayouts", "CompactLayout"),
    ("fieldSets", "FieldSet"),
    ("webLinks", "WebLink"),
    ("indexes", "Index"),
    ("businessProcesses", "BusinessProcess"),
    ("sharingReasons", "SharingReason"),
)

# In the order in which a deploy carries them out.
KINDS = (
    Kind("CustomObject", "objects", "object", "01I", _OBJECT_PARTS),
    Kind("CustomTab", "tabs", "tab", "01r"),
    Kind("Layout", "layouts", "layout", "00h"),
    Kind("CustomApplication", "applications", "app", "02u"),
    Kind("ReportType", "reportTypes", "reportType", "070"),
    Kind("PermissionSet", "permissionsets", "permissionset", "0PS"),
    Kind("Report", "reports", "report", "00O", in_folder=True, folder_kind="ReportFolder"),
    Kind("Dashboard", "dashboards", "dashboard", "01Z", in_folder=True,
         folder_kind="DashboardFolder"),
)  # fmt: skip

PART_PREFIXES = {
    "CustomField": "00N",
    "ListView": "00B",
    "ValidationRule": "03d",
    "RecordType": "012",
    "CompactLayout": "0AH",
    "FieldSet": "0IX",
    "WebLink": "00b",
    "Index": "04x",
    "BusinessProcess": "019",
    "SharingReason": "02f",
}
FOLDER_PREFIX = "00l"
BY_NAME = {each.name: each for each in KINDS}
BY_FOLDER = {each.folder: each for each in KINDS}
PART_NAMES = {kind: name for name, kind in _OBJECT_PARTS}


# Kinds that every org knows and of which this one has nothing: clients list them all the same.
ELSEWHERE = frozenset(
    {
        "ApexClass", "ApexComponent", "ApexPage", "ApexTrigger", "ApprovalProcess",
        "AssignmentRules", "AuraDefinitionBundle", "AuthProvider", "AutoResponseRules",
        "ConnectedApp", "CustomLabel", "CustomLabels", "CustomMetadata", "CustomPermission",
        "Document", "DocumentFolder", "DuplicateRule", "EmailFolder", "EmailTemplate",
        "EscalationRules", "FlexiPage", "Flow", "FlowDefinition", "GlobalValueSet", "Group",
        "HomePageComponent", "HomePageLayout", "InstalledPackage", "Letterhead",
        "LightningComponentBundle", "MatchingRules", "NamedCredential", "PathAssistant",
        "PermissionSetGroup", "Profile", "Queue", "QuickAction", "RemoteSiteSetting", "Role",
        "Settings", "SharingRules", "StandardValueSet", "StaticResource", "Translations",
        "Workflow",
    }
)  # fmt: skip


def is_known(name: str) -> bool:
    """Tell whether there is a kind, or a kind of part, of this name."""
    return name in BY_NAME or name in PART_PREFIXES
