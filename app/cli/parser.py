"""What can be typed: commands, options and their help."""

import sys
from argparse import SUPPRESS, Action, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from app import __version__
from app.cli.given import CENTURY, Filled, minutes, whole_number
from app.domain.job import MOST
from app.domain.plan import OutcomeState, Verb
from app.domain.proposal import TICKABLE
from app.domain.record import Side
from app.domain.schedule import MOST_MINUTES
from app.errors import WrongUse

Commands = _SubParsersAction
_UNKNOWN = "unrecognized arguments: "


class Parser(ArgumentParser):
    """Says what it cannot take as all other errors are said, so that `--json` tells it too."""

    def error(self, message: str) -> NoReturn:
        """Print how the command is used, and raise `WrongUse`."""
        self.print_usage(sys.stderr)
        hint = f"See `{self.prog} --help`."
        if "expected" in message:
            hint += " A value that begins with a dash is written --option=VALUE."
        if message.startswith(_UNKNOWN + "-"):
            hint += " What begins with a dash and is no option stands behind --, at the end."
        raise WrongUse(f"{message}.", hint)

    def parse_known_args(  # type: ignore[override] # of its overloads we are called by none
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Refuse here what a command does not know, so that its own help is pointed at."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(_UNKNOWN + " ".join(unknown))
        return found, unknown


def build_parser() -> ArgumentParser:
    """Return the parser of `concord`; what it cannot take is `WrongUse`."""
    parser: ArgumentParser = Parser(
        prog="concord",
        description="Keep a billing system and Salesforce in agreement."
        " Without a command the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"concord {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log every step")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_window_options(parser)
    _add_window_options(commands.add_parser("demo", help="the window on a sandbox of its own"))
    _add_sandbox(commands)
    _add_connect(commands)
    _add_workspace(commands)
    _add_prepare(commands)
    _add_looks(commands)
    _add_choose(commands)
    _add_plans(commands)
    _add_commit(commands)
    _add_ignore(commands)
    pair = _on_workspace(commands, "pair", "records that belong together whatever their keys say")
    verbs = ["suggest", "auto", "confirm", "undo", "list"]
    pair.add_argument("what", choices=verbs, metavar="|".join(verbs))
    pair.add_argument("names", nargs="*", metavar="ENTITY BILLING_KEY SALESFORCE_ID")
    _entities(pair)
    _add_pair_key(pair)
    held = _on_workspace(commands, "held", "inserts that wait for you to say so, and why")
    _entities(held)
    reconcile = _on_workspace(commands, "reconcile", "counts and sums of money, and their gaps")
    reconcile.add_argument("--all", action="store_true", help="sum everything, not only the gaps")
    _add_mapping(commands)
    _add_jobs(commands)
    serve = _on_workspace(commands, "serve", "listen to events, read and compare what changed")
    serve.add_argument(
        "--every", type=minutes, default=15, metavar="MINUTES", help="read all again"
    )
    serve.add_argument("--listen", metavar="HOST:PORT", help="receive what the billing side posts")
    _add_history(commands)
    doctor = commands.add_parser("doctor", help="check what Concord stands on")
    _json(doctor)
    return parser


def _add_window_options(parser: ArgumentParser) -> None:
    parser.add_argument("--offscreen", action="store_true", help="draw without a display")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="save a picture and end")
    look = parser.add_mutually_exclusive_group()
    look.add_argument("--dark", dest="dark", action="store_true", default=None)
    look.add_argument("--light", dest="dark", action="store_false")


def _add_sandbox(commands: "Commands[ArgumentParser]") -> None:
    # Its options are read by the sandbox itself, so that `python -m app.sandbox` knows the same.
    commands.add_parser("sandbox", help="the local servers alone", add_help=False)


def _add_connect(commands: "Commands[ArgumentParser]") -> None:
    connect = commands.add_parser(
        "connect", help="make a connection; its secrets are asked for, or read with --secret NAME=-"
    )
    connect.add_argument(
        "kind", nargs="?", metavar="KIND", help="the kind of system, such as salesforce"
    )
    connect.add_argument("name", nargs="?", metavar="NAME")
    connect.add_argument("--set", action="append", default=[], metavar="K=V", dest="settings")
    connect.add_argument(
        "--secret", action="append", default=[], metavar="K=-", help="- reads a line of stdin"
    )
    connect.add_argument("--production", action="store_true", help="real customers depend on it")
    connect.add_argument("--ready-file", type=Path, metavar="F", help="connect a running sandbox")
    connect.add_argument("--browser", action="store_true", help="sign in with the browser")
    connect.add_argument("--check", action="store_true", help="sign in and say who we are")
    connect.add_argument("--list", action="store_true", help="those that there are")
    connect.add_argument("--delete", default="", metavar="NAME", help="forget one, its secrets too")
    _json(connect)


def _add_workspace(commands: "Commands[ArgumentParser]") -> None:
    workspace = commands.add_parser("workspace", help="create, list, show, delete … a workspace")
    verbs = workspace.add_subparsers(dest="verb", metavar="VERB", required=True)
    create = verbs.add_parser("create")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--billing", required=True, metavar="CONN")
    create.add_argument("--salesforce", required=True, metavar="CONN")
    create.add_argument("--mapping", action=Filled, default="", metavar="FILE")
    listing = verbs.add_parser("list")
    show = verbs.add_parser("show")
    show.add_argument("name", metavar="NAME")
    delete = verbs.add_parser("delete")
    delete.add_argument("name", metavar="NAME")
    keep = verbs.add_parser("keep", help="how long the history is kept; without options, for good")
    keep.add_argument("name", metavar="NAME")
    keep.add_argument("--days", type=whole_number(least=1, most=CENTURY), default=0, metavar="N")
    keep.add_argument("--commits", type=whole_number(least=1), default=0, metavar="N")
    adopt = verbs.add_parser("adopt", help="write a store that came from elsewhere from now on")
    adopt.add_argument("name", metavar="NAME")
    types = verbs.add_parser("types", help="which kinds of record are kept, and what they take")
    types.add_argument("name", nargs="?", default="", metavar="NAME")
    types.add_argument("-w", "--workspace", default="", metavar="NAME")
    choice = types.add_mutually_exclusive_group()
    choice.add_argument(
        "--only", action=Filled, default="", metavar="A,B", help="leave all others out"
    )
    choice.add_argument(
        "--without", action=Filled, default="", metavar="A,B", help="leave these out"
    )
    choice.add_argument("--all", action="store_true", help="leave nothing out")
    types.add_argument("--delete", action="store_true", help="plan to delete them in Salesforce")
    types.add_argument("-o", "--output", type=Path, metavar="FILE")
    for parser in (create, listing, show, delete, keep, adopt, types):
        _json(parser)


def _add_prepare(commands: "Commands[ArgumentParser]") -> None:
    prepare = _on_workspace(commands, "prepare", "make what Salesforce lacks for the mapping")
    prepare.add_argument("--check", action="store_true", help="only say it; exit status 1 if so")
    prepare.add_argument(
        "--only", action="append", default=[], metavar="PART", help="a kind or a name, as listed"
    )
    prepare.add_argument("--undo", action="store_true", help="delete what it made, with all data")
    prepare.add_argument("--yes", action="store_true", help="do not ask")


def _add_looks(commands: "Commands[ArgumentParser]") -> None:
    refresh = _on_workspace(commands, "refresh", "read both sides")
    refresh.add_argument("--side", choices=[side.value for side in Side])
    _entities(refresh)
    refresh.add_argument(
        "--full",
        action="store_true",
        help="read everything, not only what changed since the last time",
    )
    refresh.add_argument(
        "--account", action=Filled, default="", metavar="KEY", help="this account's records only"
    )
    refresh.add_argument(
        "--transactions",
        action="store_true",
        help="only invoices, payments and whatever else an account's days bring",
    )
    compare = commands.add_parser(
        "compare", help="show what differs; exit status 1 if anything does"
    )
    compare.add_argument("-w", "--workspace", default="", metavar="NAME")
    compare.add_argument(
        "--billing", action=Filled, default="", metavar="CONN", help="what one system sells …"
    )
    compare.add_argument(
        "--against", action=Filled, default="", metavar="CONN", help="… beside another's"
    )
    for side in ("billing", "against"):
        words = f"how to read --{side}, if not by the mapping that comes with its kind"
        compare.add_argument(
            f"--{side}-mapping", action=Filled, default="", metavar="MAPPING", help=words
        )
    _json(compare)
    _entities(compare)
    compare.add_argument("--format", choices=["table", "json", "csv", "html"], default="table")
    _output(compare)


def _add_choose(commands: "Commands[ArgumentParser]") -> None:
    choose = _on_workspace(commands, "choose", "what is ticked, and whose value is taken")
    verbs = ["list", "tick", "untick", "billing", "salesforce", "skip", "rule", "value"]
    choose.add_argument("what", choices=verbs, metavar="|".join(verbs))
    choose.add_argument("record", nargs="*", metavar="ENTITY KEY", help="this record")
    choose.add_argument(
        "--keys", type=Path, metavar="FILE", help="these records: lines of ENTITY KEY"
    )
    _entities(choose)
    kinds = sorted(kind.json_name for kind in TICKABLE)
    choose.add_argument("--kind", action="append", default=[], choices=kinds, metavar="KIND")
    choose.add_argument("--field", default="", metavar="FIELD", help="of this field alone")
    choose.add_argument("--value", metavar="TEXT", help='for value; "" is none')


def _add_plans(commands: "Commands[ArgumentParser]") -> None:
    plan = _on_workspace(commands, "plan", "write down what would settle the differences")
    plan.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    _entities(plan)
    verbs = ",".join(verb.value for verb in Verb)
    plan.add_argument(
        "--only", action=Filled, metavar="VERBS", help=f"{verbs} (without: what is ticked)"
    )
    records = plan.add_mutually_exclusive_group()
    records.add_argument(
        "--keys", type=Path, metavar="FILE", help="lines of ENTITY KEY, separated by a tab or comma"
    )
    records.add_argument(
        "--account", action=Filled, default="", metavar="KEY", help="this account's records only"
    )
    records.add_argument(
        "--failed-of",
        action=Filled,
        metavar="COMMIT",
        help="only the records that a commit could not write",
    )
    plan.add_argument("--held", action="store_true", help="what is held back, too")
    plan.add_argument(
        "--take", choices=[side.value for side in Side], help="whose value settles a conflict"
    )
    act = _on_workspace(commands, "act", "what billing can do besides; alone, it lists that")
    act.add_argument("action", nargs="?", default="", metavar="ACTION")
    act.add_argument("key", nargs="?", default="", metavar="KEY", help="billing's record")
    act.add_argument("--set", action="append", default=[], metavar="K=V", dest="settings")
    act.add_argument(
        "--from",
        dest="made_from",
        action=Filled,
        default="",
        metavar="ID",
        help="take it from this record in Salesforce",
    )
    act.add_argument("-o", "--output", type=Path, metavar="FILE")
    match = _on_workspace(commands, "match", "which Salesforce account each customer belongs to")
    match.add_argument("--suggested", action="store_true", help="what nobody confirmed, too")
    match.add_argument("--set", action="append", default=[], metavar="KEY=ID", dest="settings")
    match.add_argument("-o", "--output", type=Path, metavar="FILE")


def _add_commit(commands: "Commands[ArgumentParser]") -> None:
    approve = _on_workspace(commands, "approve", "note in a plan that you read it and agree")
    approve.add_argument("plan", type=Path, metavar="PLAN")
    approve.add_argument(
        "--name", action=Filled, metavar="WHO", help="your name (without: that of your account)"
    )
    commit = _on_workspace(commands, "commit", "carry a plan out")
    commit.add_argument("plan", type=Path, metavar="PLAN")
    commit.add_argument("--yes", action="store_true", help="do not ask")
    _on_workspace(commands, "resume", "bring a commit that broke off to its end")
    undo = _on_workspace(commands, "undo", "write down what would take a commit back")
    undo.add_argument(
        "commit", action=Filled, metavar="COMMIT", help="its id, see `concord history`"
    )
    undo.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    undo.add_argument(
        "--keys", type=Path, metavar="FILE", help="these records only: lines of ENTITY KEY"
    )
    undo.add_argument("--fields", action=Filled, metavar="A,B", help="these fields only")


def _add_ignore(commands: "Commands[ArgumentParser]") -> None:
    ignore = _on_workspace(commands, "ignore", "differences that do not count: list, add, remove")
    ignore.add_argument("what", choices=["list", "add", "remove"], metavar="list|add|remove")
    ignore.add_argument("name", nargs="?", default="", metavar="RULE", help="the rule's name")
    ignore.add_argument("--field", nargs=2, metavar=("ENTITY", "FIELD"))
    ignore.add_argument("--billing", metavar="VALUE", help="only where billing has this value")
    ignore.add_argument("--salesforce", metavar="VALUE", help="only where Salesforce has it")
    ignore.add_argument("--pattern", default="", metavar="REGEX", help="what is cut from both")
    ignore.add_argument("--case", action="store_true", help="upper and lower case are the same")
    ignore.add_argument("--spaces", action="store_true", help="white space does not count")
    ignore.add_argument("--tolerance", metavar="NUMBER", help="how far numbers may be apart")


def _add_mapping(commands: "Commands[ArgumentParser]") -> None:
    mapping = _on_workspace(commands, "mapping", "which field is which: show, check, set, fields …")
    verbs = ["show", "check", "set", "fields", "adapt"]
    mapping.add_argument("what", choices=verbs, metavar="|".join(verbs))
    mapping.add_argument("file", nargs="?", type=Path, metavar="FILE", help="for check and set")
    _entities(mapping)
    mapping.add_argument("--side", choices=[side.value for side in Side], help="for fields")
    mapping.add_argument("--prefix", default="", metavar="P", help="for adapt: only this package")
    _output(mapping)
    config = commands.add_parser("config", help="carry connections, workspaces … to another place")
    config.add_argument("what", choices=["export", "import"], metavar="export|import")
    config.add_argument("file", type=Path, metavar="FILE")
    config.add_argument("--replace", action="store_true", help="what is there already, too")
    _json(config)


def _add_pair_key(pair: ArgumentParser) -> None:
    pair.add_argument(
        "--key", action=Filled, default="", metavar="KEY", help="for suggest: this record only"
    )


def _add_jobs(commands: "Commands[ArgumentParser]") -> None:
    jobs = _on_workspace(commands, "jobs", "what is done on a schedule: list, run, add …")
    verbs = ["list", "run", "enable", "disable", "add", "remove", "secret"]
    jobs.add_argument("what", choices=verbs, metavar="|".join(verbs))
    jobs.add_argument("name", nargs="?", default="", metavar="JOB")
    jobs.add_argument("--cron", default="", metavar="TEXT", help='local time, as "0 2 * * *"')
    jobs.add_argument(
        "--every", type=whole_number(least=1, most=MOST_MINUTES), default=0, metavar="MINUTES"
    )
    jobs.add_argument("--side", choices=[side.value for side in Side], help="read this one only")
    _entities(jobs)
    jobs.add_argument("--full", action="store_true", help="read everything each time")
    jobs.add_argument(
        "--account", action=Filled, default="", metavar="KEY", help="this account's records only"
    )
    jobs.add_argument("--pair", action="store_true", help="pair what the mapping's rules match")
    jobs.add_argument("--commit", default="", metavar="VERBS", help="insert, update (without: no)")
    jobs.add_argument(
        "--most",
        type=whole_number(least=1),
        default=MOST,
        metavar="N",
        help="commit no more at once",
    )
    jobs.add_argument("--notify-email", action="append", default=[], metavar="ADDRESS")
    jobs.add_argument("--notify-webhook", action="store_true", help="post failures as JSON")


def _add_history(commands: "Commands[ArgumentParser]") -> None:
    history = _on_workspace(commands, "history", "what was committed: find, export, prove, prune")
    words = "what became of it; a KEY that begins with a dash stands after --, at the end"
    history.add_argument("--record", nargs="+", metavar=("ENTITY", "KEY"), help=words)
    history.add_argument("key", nargs="?", default="", help=SUPPRESS)
    history.add_argument("--commit", action=Filled, metavar="ID")
    history.add_argument(
        "--search", action=Filled, metavar="TEXT", help="in keys, values, messages, people"
    )
    history.add_argument("--field", action=Filled, metavar="F", help="changes of this field")
    history.add_argument("--who", action=Filled, metavar="NAME", help="commits of this person")
    history.add_argument("--since", action=Filled, metavar="DATE", help="from this day on (UTC)")
    history.add_argument(
        "--until", action=Filled, metavar="DATE", help="up to the end of this day (UTC)"
    )
    outcomes = [state.name.lower() for state in OutcomeState]
    history.add_argument("--outcome", action="append", default=[], choices=outcomes)
    history.add_argument(
        "--limit", type=whole_number(least=0), metavar="N", help="of commits: 50 without"
    )
    history.add_argument("--format", choices=["table", "csv"], default="table")
    _output(history)
    history.add_argument("--verify", action="store_true", help="check that nothing was changed")
    history.add_argument(
        "--head", action=Filled, metavar="N:HASH", help="which an earlier --verify printed"
    )
    history.add_argument("--prune", action="store_true", help="let old commits go for good")
    history.add_argument("--keep-days", type=whole_number(least=1, most=CENTURY), metavar="N")
    history.add_argument("--keep-commits", type=whole_number(least=1), metavar="N")
    history.add_argument("--yes", action="store_true", help="do not ask")


def _on_workspace(commands: "Commands[ArgumentParser]", name: str, text: str) -> ArgumentParser:
    parser = commands.add_parser(name, help=text)
    parser.add_argument("-w", "--workspace", required=True, metavar="NAME")
    _json(parser)
    return parser


def _entities(parser: ArgumentParser) -> Action:
    return parser.add_argument("--entity", action="append", default=[], metavar="E")


def _output(parser: ArgumentParser) -> Action:
    return parser.add_argument("-o", "--output", type=Path, metavar="FILE")


def _json(parser: ArgumentParser) -> Action:
    return parser.add_argument("--json", action="store_true", help="print one JSON document")
