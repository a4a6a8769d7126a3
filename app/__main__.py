"""Builds everything and runs it, window or command line; the only module that knows all others."""

import errno
import gc
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import dropwhile
from types import TracebackType

from app.domain.control import CancelToken
from app.errors import AppError, Cancelled, ExitStatus, WrongUse

_COLLECT_EACH = 50_000, 20, 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `concord` with the arguments given, else those of the process."""
    if arguments is None:  # a process of our own
        sys.excepthook = _log_defect
        # Pages of records are many objects that live briefly and refer to each other in no circle:
        # by the defaults a third of the time would go into looking for circles.
        gc.set_threshold(*_COLLECT_EACH)
        _open_what_is_closed()
        _speak_to_anybody()
    words = list(sys.argv[1:] if arguments is None else arguments)
    rest = list(dropwhile({"-v", "--verbose"}.__contains__, words))
    if rest[:1] == ["sandbox"]:
        from app.sandbox.__main__ import main as sandbox  # noqa: PLC0415 - a program of its own

        return sandbox(rest[1:])
    from app.cli.parser import build_parser  # noqa: PLC0415 - the sandbox needs none of it

    cancel, as_json = CancelToken(), "--json" in words
    previous = signal.signal(signal.SIGINT, lambda *_: cancel.cancel())
    try:
        _check_text(words)
        with _printed():
            return _run(build_parser().parse_args(words), cancel)
    except AppError as error:
        from app.cli.output import print_error  # noqa: PLC0415

        print_error(error, as_json=as_json)
        return ExitStatus.DIFFERENCES if isinstance(error, Cancelled) else error.exit_status
    except BrokenPipeError:
        _drop_output()
        return ExitStatus.DONE
    finally:
        signal.signal(signal.SIGINT, previous)


def _check_text(words: Sequence[str]) -> None:
    """Refuse what is no text: it could not be looked up, nor printed."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise WrongUse(
                f"The argument {word!a} is no text in UTF-8.",
                "Write it in UTF-8, in a locale such as C.UTF-8; rename a file that is called so.",
            ) from error


@contextmanager
def _printed() -> Iterator[None]:
    """Write out what was printed, to the end; a full disk is no defect of ours."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _drop_output()
        raise AppError(
            f"What was printed could not be written: {error.strerror}.",
            "Make room where it is written to, and look at `concord history` before you repeat it.",
        ) from error


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(options: Namespace, cancel: CancelToken) -> int:
    from app import logs, settings  # noqa: PLC0415 - late, for a quick --help
    from app.credentials import Credentials  # noqa: PLC0415
    from app.services import Services  # noqa: PLC0415

    base = settings.home()
    chosen = settings.load_settings(base)
    level = "debug" if options.verbose else chosen.log_level
    logs.configure(base / "logs" / "concord.log", level)
    services = Services(base, Credentials(chosen.keyring_timeout_s))
    if options.command in {None, "demo"}:
        from app.window import run_window  # noqa: PLC0415 - Qt is loaded for the window alone

        return run_window(services, options)
    from app.cli.acting import run_act  # noqa: PLC0415
    from app.cli.choosing import run_choose  # noqa: PLC0415
    from app.cli.commands import COMMANDS  # noqa: PLC0415
    from app.cli.config import run_config  # noqa: PLC0415
    from app.cli.connections import run_connect, run_workspace  # noqa: PLC0415
    from app.cli.doctor import run_doctor  # noqa: PLC0415
    from app.cli.history import run_history  # noqa: PLC0415
    from app.cli.holding import run_held  # noqa: PLC0415
    from app.cli.jobs import run_jobs  # noqa: PLC0415
    from app.cli.mapping import run_mapping  # noqa: PLC0415
    from app.cli.matching import run_match  # noqa: PLC0415
    from app.cli.pairing import run_pair  # noqa: PLC0415
    from app.cli.prepare import run_prepare  # noqa: PLC0415
    from app.cli.reconcile import run_reconcile  # noqa: PLC0415
    from app.cli.serve import run_serve  # noqa: PLC0415

    commands = {
        **COMMANDS,
        "act": run_act,
        "choose": run_choose,
        "config": run_config,
        "connect": run_connect,
        "workspace": run_workspace,
        "doctor": run_doctor,
        "history": run_history,
        "held": run_held,
        "jobs": run_jobs,
        "mapping": run_mapping,
        "match": run_match,
        "pair": run_pair,
        "prepare": run_prepare,
        "reconcile": run_reconcile,
        "serve": run_serve,
    }
    return commands[options.command](services, options, cancel)


def _open_what_is_closed() -> None:
    """Let what the caller closed (`>&-`) be as /dev/null: else no file stands behind the name."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _speak_to_anybody() -> None:
    """Print names of any language: a file or a script gets UTF-8, a terminal what it can show."""
    if isinstance(sys.stdout, TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="backslashreplace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")


def _log_defect(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell of what we did not expect through the log, which blanks secrets, on stderr too."""
    logging.getLogger(__name__).critical(
        "This is a defect of Concord.", exc_info=(kind, error, trace)
    )


if __name__ == "__main__":
    sys.exit(main())
