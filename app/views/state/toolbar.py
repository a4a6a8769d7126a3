"""What can be done now with the open workspace."""

from dataclasses import dataclass

from app.sync.refresh import RefreshResult
from app.views.state.language import tr
from app.views.state.progress import Notice, duration
from app.views.state.survey import Survey


@dataclass(frozen=True, slots=True)
class Toolbar:
    """Which buttons work, and what the commit button says.

    Attributes:
        refused: Why nothing can be written here, "" where it can.
    """

    can_refresh: bool
    can_compare: bool
    can_commit: bool
    commit_label: str
    refused: str = ""


def toolbar(survey: Survey, *, is_open: bool, working: bool, refused: str = "") -> Toolbar:
    """Return the state of the buttons; while something writes the store, nothing else may start.

    Where another Concord holds the workspace, `refused` says so: then it can be read only.
    """
    free = is_open and not working
    ticked = survey.ticked
    label = tr("Commit {count:,}\u2026").format(count=ticked) if ticked else tr("Commit\u2026")
    return Toolbar(
        can_refresh=free and not refused,
        can_compare=free and survey.records > 0,
        can_commit=free and ticked > 0 and not refused,
        commit_label=label,
        refused=refused,
    )


def not_opened(name: str) -> Notice:
    """Return why another workspace is not opened while something writes the open one's store."""
    summary = tr("{name} is not opened while something is under way.").format(name=name)
    return Notice(summary, tr("Wait until it has ended, or stop it below."))


def refresh_words(result: RefreshResult) -> str:
    """Return what a refresh read, in one line."""
    read = sum(sum(counts.values()) for counts in result.read.values())
    words = tr("Read {read:,} records in {time}; {changed:,} had changed.").format(
        read=read, time=duration(result.seconds), changed=result.changed
    )
    if result.unkeyed:
        lone = tr("1 was left out: it has no key.")
        some = tr("{count:,} were left out: they have no key.")
        words += " " + (lone if result.unkeyed == 1 else some.format(count=result.unkeyed))
    for copy in result.set_aside:
        words += " " + tr(
            "Another org answers now: the old one's data is set aside in {file}."
        ).format(file=copy.name)
    return words


def agreement_words(survey: Survey) -> str:
    """Return what is said where nothing is known to differ; `""` where something is."""
    if survey.differences or survey.unread:
        return ""
    if survey.uncompared:
        words = tr(
            "{count:,} records were read, but not compared yet. If a refresh broke off, refresh"
            " again; else press Compare."
        )
        return words.format(count=survey.records)
    words = tr("Both sides agree: {count:,} records compared, nothing differs.")
    return words.format(count=survey.records)


def survey_words(survey: Survey) -> str:
    """Return the counts of what is shown, for the status line at rest."""
    if not survey.records:
        return tr("Nothing has been read yet.")
    if survey.unread:
        words = tr("The mapping changed since {count:,} kinds were read: refresh to compare them.")
        return words.format(count=len(survey.unread))
    if survey.uncompared:
        return tr("{count:,} records, not compared yet").format(count=survey.records)
    return tr("{records:,} records \u00b7 {differences:,} differ \u00b7 {ticked:,} ticked").format(
        records=survey.records, differences=survey.differences, ticked=survey.ticked
    )
