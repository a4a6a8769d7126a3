"""Commands about connections and workspaces."""

import getpass
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.cli import output
from app.cli.asking import question
from app.cli.types import run_types
from app.connectors.spec import ConnectorSpec, Given, variable
from app.domain.control import CancelToken, no_report
from app.errors import ExitStatus, NotFound, WrongUse
from app.services import Connected, Services
from app.settings import Connection, Workspace
from app.store.journal_prune import Retention


def run_connect(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord connect`."""
    if options.list:
        return _print_connections(services, as_json=options.json)
    if options.delete:
        services.delete_connection(options.delete)
        return _print_forgotten(options.delete, as_json=options.json)
    if options.ready_file:
        made = services.connect_ready(options.ready_file)
    else:
        made = [_connect(services, options, cancel)]
    healths = []
    if options.check:
        healths = [
            (one.connection.name, services.check_connection(one.connection.name, cancel))
            for one in made
        ]
    if options.json:
        document = {"connections": [_connection_json(one) for one in made]}
        if healths:
            document["checks"] = [output.health_json(*health) for health in healths]
        output.print_json(document)
        return ExitStatus.DONE
    for one in made:
        print(f"Connection {one.connection.name} ({one.connection.kind}) is saved.")
        _tell_secrets(services, one)
    for name, health in healths:
        print(f"{name}: signed in to {health.instance} as {health.user}.")
        for words in health.missing:
            print(f"  missing: {words}")
    return ExitStatus.DONE


def run_workspace(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord workspace create|list|show|delete|keep|adopt|types`."""
    if options.verb == "types":
        return run_types(services, options, cancel)
    if options.verb == "create":
        workspace = Workspace(options.name, options.billing, options.salesforce, options.mapping)
        found = [services.create_workspace(workspace)]
    elif options.verb == "show":
        found = [services.workspace(options.name)]
    elif options.verb == "list":
        found = list(services.workspaces())
    elif options.verb == "keep":
        kept = services.keep_history(options.name, options.days, options.commits)
        return _print_kept(kept, as_json=options.json)
    elif options.verb == "adopt":
        services.adopt_store(options.name, getpass.getuser())
        return _print_adopted(options.name, as_json=options.json)
    else:
        store = services.delete_workspace(options.name)
        _print_deleted(options.name, str(store), as_json=options.json)
        return ExitStatus.DONE
    rows = [_workspace_json(services, workspace) for workspace in found]
    if options.json:
        output.print_json({"workspaces": rows} if options.verb == "list" else rows[0])
    elif rows:
        output.print_table(list(rows[0]), (list(row.values()) for row in rows))
    else:
        print("There is no workspace yet: `concord workspace create`.")
    return ExitStatus.DONE


def _connect(services: Services, options: Namespace, cancel: CancelToken) -> Connected:
    if not options.kind or not options.name:
        raise WrongUse("connect needs KIND and NAME, or --ready-file.", "See `concord connect -h`.")
    spec = next((spec for spec in services.kinds() if spec.kind == options.kind), None)
    if spec is None:
        known = ", ".join(spec.kind for spec in services.kinds())
        raise WrongUse(f"There is no kind {options.kind!r}.", f"The kinds are: {known}.")
    connection = _asked_for(services, options)
    for setting in spec.settings:
        given = connection.settings.get(setting.name) or setting.default
        if setting.required and not given:
            raise WrongUse(
                f"The setting {setting.name} is missing: {setting.label}.",
                f"Add --set {setting.name}=… . {setting.hint}",
            )
    Given(connection.name, spec, connection.settings, lambda _name: None).check()
    with question():
        secrets = _secrets(spec, options)
    if _by_browser(options):
        return services.sign_in(connection, secrets, _open_browser, cancel, no_report)
    return services.save_connection(connection, secrets)


def _by_browser(options: Namespace) -> bool:
    return bool(getattr(options, "browser", False))  # absent where the parser does not offer it


def _asked_for(services: Services, options: Namespace) -> Connection:
    """Return the connection as it was typed; for a secret or the browser its name is enough."""
    settings = dict(_pair(text, "--set") for text in options.settings)
    typed = Connection(options.name, options.kind, settings, options.production)
    only_secrets = bool(options.secret) and not settings
    if not _by_browser(options) and not only_secrets:
        return typed
    try:
        known = services.connection(options.name)
    except NotFound:
        return typed
    if known.kind != options.kind:
        return typed
    production = typed.production or known.production
    return replace(typed, settings={**known.settings, **settings}, production=production)


def _open_browser(url: str) -> bool:
    """Open the browser; the URL is printed all the same, for machines that show none."""
    print(f"Sign in with the browser; Ctrl+C stops. The address is:\n{url}", file=sys.stderr)
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _secrets(spec: ConnectorSpec, options: Namespace) -> dict[str, str]:
    secrets = {}
    for name, value in (_pair(text, "--secret") for text in options.secret):
        if value != "-":
            raise WrongUse(
                f"--secret {name} takes no value: others could read it from the process list.",
                f"Write --secret {name}=- and give it on stdin, or leave it out to be asked.",
            )
        secrets[name] = _read_secret()
    if sys.stdin.isatty():
        for secret in spec.secrets:
            if secret.name not in secrets and secret.required:
                secrets[secret.name] = getpass.getpass(f"{secret.label}: ")
    return {name: value for name, value in secrets.items() if value}


def _read_secret() -> str:
    """Return a line of stdin, or all lines of a private key."""
    line = text = sys.stdin.readline()
    while line and text.startswith("-----BEGIN ") and "-----END " not in text:
        line = sys.stdin.readline()
        text += line
    return text.rstrip("\r\n")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise WrongUse(f"{option} {text!r} is no NAME=VALUE.", "Put an = between name and value.")
    return name, value


def _tell_secrets(services: Services, one: Connected) -> None:
    if not one.saved or one.missing:
        print(f"  {services.credentials.where()}", file=sys.stderr)
        names: Iterable[str] = one.connection.secrets if not one.saved else one.missing
        for name in names:
            print(f"  Looked for: {variable(one.connection.name, name)}", file=sys.stderr)


def _connection_json(one: Connected) -> dict[str, object]:
    connection = one.connection
    return {
        "name": connection.name,
        "kind": connection.kind,
        "settings": dict(connection.settings),
        "production": connection.production,
        "secrets": list(connection.secrets),
        "secrets_saved": one.saved,
        "secrets_missing": list(one.missing),
        "variables": [variable(connection.name, name) for name in connection.secrets],
    }


def _print_connections(services: Services, *, as_json: bool) -> int:
    used = [(one.name, {one.billing, one.salesforce}) for one in services.workspaces()]
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "kind": one.kind,
            "settings": dict(one.settings),
            "production": one.production,
            "variables": [variable(one.name, name) for name in one.secrets],
            "workspaces": [workspace for workspace, names in used if one.name in names],
        }
        for one in services.connections()
    ]
    if as_json:
        output.print_json({"connections": rows})
    elif rows:
        head = ["name", "kind", "production", "workspaces"]
        cells = (
            [
                one["name"],
                one["kind"],
                "yes" if one["production"] else "no",
                ", ".join(one["workspaces"]),
            ]
            for one in rows
        )
        output.print_table(head, cells)
    else:
        print("There is no connection yet: `concord connect KIND NAME`.")
    return ExitStatus.DONE


def _print_forgotten(name: str, *, as_json: bool) -> int:
    if as_json:
        output.print_json({"deleted": name})
    else:
        print(f"Connection {name} is forgotten, with its secrets in the keyring.")
    return ExitStatus.DONE


def _workspace_json(services: Services, workspace: Workspace) -> dict[str, str]:
    return {
        "name": workspace.name,
        "billing": workspace.billing,
        "salesforce": workspace.salesforce,
        "mapping": workspace.mapping,
        "store": str(services.store_file(workspace)),
    }


def _print_deleted(name: str, store: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"deleted": name, "store": store})
    else:
        print(f"Workspace {name} is gone; its store with the history stays: {store}")


def _print_kept(workspace: Workspace, *, as_json: bool) -> int:
    days, commits = workspace.keep_days, workspace.keep_commits
    if as_json:
        output.print_json({"name": workspace.name, "keep_days": days, "keep_commits": commits})
    else:
        policy = Retention(days, commits)
        print(f"The history of {workspace.name}: {policy}. Only `concord history --prune` prunes.")
    return ExitStatus.DONE


def _print_adopted(name: str, *, as_json: bool) -> int:
    if as_json:
        output.print_json({"adopted": name})
    else:
        print(f"The store of {name} is written here from now on. Refresh before you commit.")
    return ExitStatus.DONE
