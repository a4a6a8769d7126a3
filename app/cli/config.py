"""`concord config`: the configuration into a file, and out of one."""

from argparse import Namespace
from typing import Any

from app.cli import output
from app.config_archive import Config, Imported, export_config, import_config, read_config
from app.domain.control import CancelToken
from app.errors import ExitStatus
from app.services import Services


def run_config(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord config export|import`."""
    del cancel
    if options.what == "export":
        config = export_config(services, options.file)
        if options.json:
            output.print_json(_config_json(str(options.file), config))
        else:
            _print_config(config)
            print(f"Written to {options.file}. No secret is in it.")
        return ExitStatus.DONE
    imported = import_config(services, read_config(options.file), replace_all=options.replace)
    if options.json:
        output.print_json(_imported_json(str(options.file), imported))
    else:
        _print_config(imported.config)
        _print_lacking(imported)
    return ExitStatus.DONE


def _print_config(config: Config) -> None:
    rows: list[list[object]] = [
        ["connection", each.name, each.kind + (", production" if each.production else "")]
        for each in config.connections
    ]
    for part in config.workspaces:
        mapping = "its own mapping" if part.mapping else part.workspace.mapping
        words = f"{mapping}, {len(part.rules)} ignore rules, {len(part.jobs)} jobs"
        rows.append(["workspace", part.workspace.name, words])
    output.print_table(["what", "name", "with"], rows)


def _print_lacking(imported: Imported) -> None:
    if any(part.jobs for part in imported.config.workspaces):
        print("Imported jobs are paused: `concord jobs -w NAME enable JOB`.")
    kinds = {each.name: each.kind for each in imported.config.connections}
    for each in imported.lacking:
        kind = kinds[each.connection]
        may = "" if each.required else " (or another of this connection)"
        print(
            f"secret to give: `concord connect {kind} {each.connection} --secret {each.name}=-`"
            f" or {each.variable}{may}"
        )


def _config_json(file: str, config: Config) -> dict[str, Any]:
    return {
        "file": file,
        "connections": [each.name for each in config.connections],
        "workspaces": [
            {
                "workspace": part.workspace.name,
                "own_mapping": bool(part.mapping),
                "rules": len(part.rules),
                "jobs": [job.name for job in part.jobs],
            }
            for part in config.workspaces
        ],
    }


def _imported_json(file: str, imported: Imported) -> dict[str, Any]:
    secrets = [
        {
            "connection": each.connection,
            "secret": each.name,
            "variable": each.variable,
            "required": each.required,
        }
        for each in imported.lacking
    ]
    return {**_config_json(file, imported.config), "secrets": secrets}
