"""`concord reconcile`: counts and sums of money on both sides, and the gaps."""

from argparse import Namespace

from app.cli import output
from app.domain.control import CancelToken
from app.domain.convert import text
from app.errors import ExitStatus
from app.services import Services
from app.sync.compare import compare
from app.sync.reconcile import MoneySum, Reconciled, reconcile

_NAMED = 5  # counts, and sums, with a gap that are named in one line


def run_reconcile(services: Services, options: Namespace, cancel: CancelToken) -> int:
    """`concord reconcile`."""
    with services.workbench(options.workspace) as bench:
        compare(bench, cancel, lambda _progress: None)
        found = reconcile(bench, cancel, totals=options.all)
    if options.json:
        output.print_json({"workspace": options.workspace, **reconciled_json(found)})
    else:
        _print(found)
    return ExitStatus.DIFFERENCES if found.has_gap else ExitStatus.DONE


def gap_words(found: Reconciled) -> str:
    """Return the gaps in one line, `""` where there are none."""
    counts = [f"{one.entity} {one.billing:,}/{one.salesforce:,}" for one in found.counts if one.gap]
    sums = [_sum_words(one) for one in found.sums if one.gap]
    shown = [*counts[:_NAMED], *sums[:_NAMED]]
    if more := len(counts) + len(sums) - len(shown):
        shown.append(f"and {more:,} more (concord reconcile)")
    return f"Gaps (billing/Salesforce): {', '.join(shown)}" if shown else ""


def _sum_words(one: MoneySum) -> str:
    owner = f"of {one.owner} " if one.owner else ""
    return f"{one.entity} {one.field} {owner}{one.gap:,f} {one.currency}".rstrip()


def reconciled_json(found: Reconciled) -> dict[str, object]:
    """Return what `--json` prints of a reconciliation."""
    return {
        "entities": {
            one.entity: {"billing": one.billing, "salesforce": one.salesforce, "gap": one.gap}
            for one in found.counts
        },
        "sums": [
            {
                "entity": one.entity,
                "field": one.field,
                "account": one.owner,
                "currency": one.currency,
                "billing": text(one.billing),
                "salesforce": text(one.salesforce),
                "gap": text(one.gap),
            }
            for one in found.sums
        ],
    }


def _print(found: Reconciled) -> None:
    output.print_table(
        ["entity", "billing", "salesforce", "gap"],
        ([one.entity, one.billing, one.salesforce, one.gap] for one in found.counts),
    )
    if found.sums:
        output.print_table(
            ["entity", "field", "of", "currency", "billing", "salesforce", "gap"],
            (
                [one.entity, one.field, one.owner, one.currency]
                + [text(amount) for amount in (one.billing, one.salesforce, one.gap)]
                for one in found.sums
            ),
        )
