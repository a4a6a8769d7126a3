"""`concord serve`: jobs on their schedule and events as they come, with no window."""

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import orjson

from app.cli import output
from app.cli.jobs import run_json, run_words
from app.connectors.listening import sources
from app.connectors.receiver import Desk, Receiver, Reception, place
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.errors import ExitStatus
from app.services import Services
from app.settings import Listen
from app.sync.event_desk import EventDesk
from app.sync.jobs import JobDesk, JobDone
from app.sync.serve import Served, ServeOptions, serve
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

_SHOWN = [kind for kind in Kind if kind is not Kind.IDENTICAL]


def run_serve(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord serve`: runs until it is interrupted; with `--json` a line a round and a job."""

    def told(served: Served | JobDone) -> None:
        if options.json:
            sys.stdout.write(orjson.dumps(_json(options.workspace, served)).decode() + "\n")
        else:
            sys.stdout.write(_words(served) + "\n")
        sys.stdout.flush()

    listen = services.listen()
    address = listen.address if options.listen is None else options.listen
    reception = _reception(services.base, listen, address) if address else None
    with (
        services.workbench(options.workspace) as bench,
        _receiving(bench, reception, as_json=options.json) as events,
    ):
        chosen = ServeOptions(every_s=options.every * 60)
        jobs = JobDesk(bench, services.notifier())
        serve(bench, cancel, no_report, told, chosen, jobs=jobs, events=events)
    return ExitStatus.DONE


def _reception(base: Path, listen: Listen, address: str) -> Reception:
    return Reception(
        place(address),
        base / Path(listen.certificate).expanduser() if listen.certificate else None,
        base / Path(listen.key_file).expanduser() if listen.key_file else None,
        sources(", ".join(listen.proxies), "settings.toml: proxies") if listen.proxies else None,
    )


@contextmanager
def _receiving(
    bench: Workbench, reception: Reception | None, *, as_json: bool
) -> Iterator[EventDesk | None]:
    """Receive what is posted as long as it is entered; None where nobody is to listen."""
    if reception is None:
        yield None
        return
    with EventDesk(bench) as desk, Receiver(reception, Desk(desk.admits, desk.take)) as receiver:
        where = f"{reception.place.host} port {receiver.port}"
        if as_json:
            said = {"because": "listening", "host": reception.place.host, "port": receiver.port}
            sys.stdout.write(orjson.dumps(said).decode() + "\n")
        else:
            sys.stdout.write(f"listening on {where}\n")
        if reception.certificate is None and not _is_loopback(reception.place.host):
            log.warning("Listening on %s without TLS: what is posted there can be read", where)
        sys.stdout.flush()
        yield desk


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _json(workspace: str, served: Served | JobDone) -> dict[str, object]:
    if isinstance(served, JobDone):
        done = {"because": "job", "workspace": workspace, "job": served.job.name}
        return {**done, **run_json(served.run)}
    return {
        "because": served.because,
        "changes": served.changes,
        **({"accounts": list(served.accounts)} if served.accounts else {}),
        **output.refresh_json(workspace, served.result),
        "differences": {kind.json_name: served.differences[kind] for kind in _SHOWN},
    }


def _words(served: Served | JobDone) -> str:
    if isinstance(served, JobDone):
        return f"job {served.job.name}: {run_words(served.run)}"
    read = sum(sum(counts.values()) for counts in served.result.read.values())
    left = sum(served.differences[kind] for kind in _SHOWN if kind is not Kind.IGNORED)
    sides = " and ".join(side.label for side in served.sides)
    if served.accounts:
        count = len(served.accounts)
        sides += f" of {count:,} account{'s' if count > 1 else ''}"
    return (
        f"{served.because}: read {read:,} records of {sides} in {served.result.seconds:.1f} s;"
        f" {served.result.changed:,} had changed, {left:,} differ now"
    )
