"""Connections: what the list says, what the form asks for, how a check is told."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.connectors.protocol import Health
from app.connectors.spec import ConnectorSpec
from app.domain.record import Side
from app.settings import NAME, Connection, Workspace
from app.views.state.language import tr
from app.views.state.offers import MappingChoice
from app.views.state.ways_out import in_the_window

_URL_WORDS = ("url", "instance", "login")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A line of the connection form."""

    name: str
    label: str
    hint: str
    value: str
    secret: bool
    required: bool


@dataclass(frozen=True, slots=True)
class HealthView:
    """What a check found, in words."""

    headline: str
    lines: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


def address(connection: Connection) -> str:
    """Return where a connection goes: the first of its settings that is a URL."""
    values = connection.settings
    urls = [value for value in values.values() if value.startswith(("https://", "http://"))]
    named = [v for k, v in values.items() if v and any(word in k for word in _URL_WORDS)]
    return next(iter(urls or named), "")


def kind_label(kind: str, specs: Sequence[ConnectorSpec]) -> str:
    """Return a kind of connection as people read it."""
    return next((spec.label for spec in specs if spec.kind == kind), kind)


def form_fields(spec: ConnectorSpec, connection: Connection | None) -> tuple[FieldSpec, ...]:
    """Return the lines of the form: settings, then secrets; a saved secret is never shown."""
    given: Mapping[str, str] = connection.settings if connection is not None else {}
    settings = tuple(
        FieldSpec(s.name, s.label, s.hint, given.get(s.name, s.default), False, s.required)  # noqa: FBT003 - a value's own field
        for s in spec.settings
    )
    secrets = tuple(
        FieldSpec(
            name=s.name,
            label=s.label,
            hint=s.hint if connection is None else tr("Leave empty to keep the saved one."),
            value="",
            secret=True,
            required=s.required and connection is None,
        )
        for s in spec.secrets
    )
    return settings + secrets


def form_problem(
    name: str, taken: Sequence[str], fields: Sequence[FieldSpec], values: Mapping[str, str]
) -> str:
    """Return what keeps a form from being saved, `""` if nothing."""
    if words := _name_problem(name):
        return words
    if name in taken:
        return tr("There is a connection {name} already.").format(name=name)
    empty = [f.label for f in fields if f.required and not values.get(f.name, "").strip()]
    if empty:
        return tr("Still empty: {fields}").format(fields=", ".join(empty))
    return ""


def workspace_problem(name: str, taken: Sequence[str]) -> str:
    """Return what keeps a workspace from being called so, `""` if nothing."""
    if name in taken:
        return tr("There is a workspace {name} already.").format(name=name)
    return _name_problem(name)


def _name_problem(name: str) -> str:
    if NAME.fullmatch(name):
        return ""
    return tr("The name takes a-z, 0-9, - and _, and begins with a letter or a digit.")


def health_view(health: Health) -> HealthView:
    """Return a check's result in words."""
    lines = [
        (tr("Signed in as"), health.user),
        (tr("Instance"), health.instance),
        (tr("Version"), health.version),
    ]
    lines += [
        (
            quota.name,
            tr("{left:,} of {maximum:,} left").format(left=quota.left, maximum=quota.maximum),
        )
        for quota in health.quotas
    ]
    missing = tuple(in_the_window(words) for words in health.missing)
    headline = tr("Works") if not health.missing else tr("Signed in, but something is missing")
    return HealthView(headline, tuple(line for line in lines if line[1]), missing)


def production_names(
    workspace: Workspace | None, connections: Sequence[Connection]
) -> tuple[str, ...]:
    """Return the production connections of a workspace."""
    if workspace is None:
        return ()
    used = {workspace.billing, workspace.salesforce}
    return tuple(c.name for c in connections if c.production and c.name in used)


def candidates(
    connections: Sequence[Connection], specs: Sequence[ConnectorSpec], side: Side
) -> tuple[str, ...]:
    """Return the connections that can be a workspace's side."""
    kinds = {spec.kind for spec in specs if spec.side is side}
    return tuple(connection.name for connection in connections if connection.kind in kinds)


def prepared_by(connection: Connection | None, workspaces: Sequence[Workspace]) -> str:
    """Return the workspace whose mapping says what a connection's system needs, "" if none."""
    name = connection.name if connection is not None else ""
    return next((each.name for each in workspaces if each.salesforce == name), "")


def next_step(
    connections: Sequence[Connection], specs: Sequence[ConnectorSpec], workspaces: int
) -> str:
    """Return in words what is to be done before anything can be compared, `""` if nothing."""
    if workspaces:
        return ""
    if not candidates(connections, specs, Side.BILLING):
        return tr("Step 1 of 4: add the connection to your billing system.")
    if not candidates(connections, specs, Side.SALESFORCE):
        return tr("Step 2 of 4: add the connection to Salesforce.")
    return tr("Step 3 of 4: make a workspace of the two connections.")


_OF_BILLING = re.compile(r'^billing = "(.+)"$', re.MULTILINE)
_FIRST_WORDS = re.compile(r"# ([^:.]+)")


def shipped_choices(spec: ConnectorSpec, texts: Mapping[str, str]) -> tuple[MappingChoice, ...]:
    """Return the mappings for a kind of billing system, the one that it gets by itself first.

    `texts` are the mappings that come with Concord, by name; the first words of a text say what it
    is for.
    """
    found = []
    for name, text in texts.items():
        kind, words = _OF_BILLING.search(text), _FIRST_WORDS.match(text)
        if kind is not None and kind[1] == spec.kind:
            label = name if words is None else f"{words[1]} ({name})"
            found.append(MappingChoice("" if name == spec.mapping else name, label))
    return tuple(sorted(found, key=lambda each: bool(each.name)))


def billing_label(specs: Iterable[ConnectorSpec], kind: str) -> str:
    """Return what people call a billing system of a kind; without its connector the kind."""
    return next((spec.label for spec in specs if spec.kind == kind), kind or tr("billing"))
