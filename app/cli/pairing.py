"""`concord pair`: records that belong together though their keys do not say so."""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import Any

from app.cli import output
from app.domain.control import CancelToken
from app.domain.pairing import Ambiguous, Candidate, Match
from app.errors import ExitStatus, WrongUse
from app.services import Services
from app.store.pairing import Pairing, pairings
from app.sync.compare import compare
from app.sync.pairing import Surveyed, confirm, pair_by_rules, surveys, take_apart, waiting
from app.sync.workbench import Workbench

_WORDS = {"suggest": 0, "auto": 0, "confirm": 3, "undo": 2, "list": 0}
_NAMED = 3  # records of an ambiguity that a line names; the JSON has all
_NAMES = ("ENTITY", "BILLING_KEY", "SALESFORCE_ID")
_HEAD = ("entity", "key", "title", "salesforce id", "salesforce title", "bears", "score", "why")


def run_pair(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord pair`."""
    _check_words(options)
    with services.workbench(options.workspace) as bench:
        if options.what == "suggest":
            found = surveys(bench, options.entity, cancel)
            _print_surveys([one.of(options.key) if options.key else one for one in found], options)
        elif options.what == "list":
            _print_pairings(pairings(bench.store), options)
        else:
            made = _changed(bench, options, cancel)
            compare(bench, cancel, lambda _progress: None)
            _print_pairings(made, options)
    return ExitStatus.DONE


def waiting_words(bench: Workbench, cancel: CancelToken) -> str:
    """Return in words how many records could be paired by the mapping's rules, `""` for none."""
    count = waiting(bench, cancel)
    what = "1 record" if count == 1 else f"{count:,} records"
    return f"{what} could be paired: concord pair -w {bench.name} suggest" if count else ""


def _check_words(options: Namespace) -> None:
    wanted = _NAMES[: _WORDS[options.what]]
    if len(options.names) != len(wanted):
        words = " ".join(("concord pair -w NAME", options.what, *wanted))
        raise WrongUse(f"`pair {options.what}` was given other words.", f"Write `{words}`.")


def _changed(bench: Workbench, options: Namespace, cancel: CancelToken) -> Iterable[Pairing]:
    if options.what == "auto":
        return pair_by_rules(bench, options.entity, cancel)
    if options.what == "confirm":
        return [confirm(bench, *options.names)]
    return [take_apart(bench, *options.names)]


def _print_pairings(found: Iterable[Pairing], options: Namespace) -> None:
    rows = list(found)
    if options.json:
        name = {"auto": "paired", "confirm": "paired", "undo": "undone", "list": "pairings"}
        said = [_pairing_json(one) for one in rows]
        output.print_json({"workspace": options.workspace, name[options.what]: said})
    elif rows:
        head = ["entity", "key", "salesforce id", "bears", "why", "score", "who", "at"]
        output.print_table(
            head,
            (
                [
                    *(one.entity, one.key, one.side_id, one.own_key or "no key"),
                    *(one.rule, one.score, one.who, one.at),
                ]
                for one in rows
            ),
        )
    else:
        print("Nothing is paired." if options.what == "list" else "Nothing was paired.")


def _pairing_json(one: Pairing) -> dict[str, Any]:
    return {
        "entity": one.entity,
        "key": one.key,
        "salesforce_id": one.side_id,
        "own_key": one.own_key,
        "rule": one.rule,
        "score": one.score,
        "who": one.who,
        "at": one.at,
    }


def _print_surveys(found: Iterable[Surveyed], options: Namespace) -> None:
    if options.json:
        rows: dict[str, list[dict[str, Any]]] = {"matched": [], "suggested": [], "ambiguous": []}
        for one in found:
            name = one.entity.name
            rows["matched"] += [_match_json(name, match) for match in one.found.matched]
            rows["suggested"] += [_match_json(name, match) for match in one.found.suggested]
            rows["ambiguous"] += [_ambiguous_json(name, unclear) for unclear in one.found.ambiguous]
        output.print_json({"workspace": options.workspace, **rows})
        return
    lines = [line for one in found for line in _lines(one)]
    if lines:
        output.print_table(list(_HEAD), lines)
    else:
        print("No record could be paired.")


def _lines(one: Surveyed) -> Iterator[list[object]]:
    for match in (*one.found.matched, *one.found.suggested):
        why = f"rule {match.rule}" if match in one.found.matched else match.rule
        yield [*_line(one, match.billing, match.salesforce), match.score, why]
    for unclear in one.found.ambiguous:
        ids = ", ".join(found.id for found in unclear.salesforce[:_NAMED])
        more = len(unclear.salesforce) - _NAMED
        told = f"{ids} and {more:,} more" if more > 0 else ids
        for billing in unclear.billing:
            why = f"ambiguous: {unclear.rule}"
            yield [one.entity.name, billing.id, billing.title, told, "", "", "", why]


def _line(one: Surveyed, billing: Candidate, salesforce: Candidate) -> list[object]:
    bears = salesforce.own_key or "no key"
    return [one.entity.name, billing.id, billing.title, salesforce.id, salesforce.title, bears]


def _match_json(entity: str, match: Match) -> dict[str, Any]:
    return {
        "entity": entity,
        "key": match.billing.id,
        "salesforce_id": match.salesforce.id,
        "billing": _candidate_json(match.billing),
        "salesforce": _candidate_json(match.salesforce),
        "rule": match.rule,
        "score": match.score,
    }


def _ambiguous_json(entity: str, unclear: Ambiguous) -> dict[str, Any]:
    return {
        "entity": entity,
        "rule": unclear.rule,
        "billing": [_candidate_json(one) for one in unclear.billing],
        "salesforce": [_candidate_json(one) for one in unclear.salesforce],
    }


def _candidate_json(one: Candidate) -> dict[str, str]:
    return {"id": one.id, "title": one.title, "key": one.own_key}
