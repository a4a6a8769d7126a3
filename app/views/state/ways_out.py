"""Ways out of an error that name a command, told by what the window has for it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from app.connectors import registry
from app.views.state.language import tr

_SETTING = re.compile(r"(?<=setting )'(\w+)'(?: \([^)]*\))?")
_MAPPING_FILE = "`concord workspace show` names the mapping's file."


def in_the_window(words: str) -> str:
    """Return words with each command that the window has another way for replaced by that way.

    A setting is called as the form of a connection calls it.

    Errors are raised far below the window and name the command line. What only the command line
    can do (`concord serve`, `concord prepare --undo`) stays as it is.
    """
    words = _SETTING.sub(lambda found: _labels().get(found[1], found[0]), words)
    if "concord " not in words and "--" not in words:
        return words
    for command, way in _ways().items():
        words = re.sub(command, way, words)
    return words


@cache
def _labels() -> Mapping[str, str]:
    """Return setting \u2192 its label in quotes, where all kinds of connections call it alike."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for spec in map(registry.spec, registry.kinds()):
        named = [(one.name, one.label) for one in spec.settings]
        for name, label in (*named, *((one.name, one.label) for one in spec.secrets)):
            found[name].add(f"\u201c{label[:1].upper()}{label[1:]}\u201d")
    return {name: labels.pop() for name, labels in found.items() if len(labels) == 1}


def _ways() -> Mapping[str, str]:
    """Return pattern \u2192 words; what stands above goes first."""
    connect, history = tr("Connections > Edit"), tr("the page History")
    return {
        re.escape(_MAPPING_FILE): tr("The page Mapping lists its entities and fields."),
        r"`concord connect [^`]*--browser`, or ": "",
        r"(?<!Use )with `concord connect[^`]*`": tr("under {place}").format(place=connect),
        r"with `concord history[^`]*`": tr("on {place}").format(place=history),
        r"`concord history[^`]*`": history,
        r"`concord resume[^`]*`": tr("History > Resume"),
        r"`concord undo[^`]*`": tr("History > Undo"),
        r"`concord prepare`": tr("Connections > Prepare"),
        r"`concord refresh --full`": tr("Refresh > Both sides, everything again"),
        r"concord refresh -w \S+ --account (\S+)": tr(r"Accounts, number \1, Refresh"),
        r"`concord pair[^`]*`": tr("\u22ef > Pair records"),
        r"`concord match[^`]*`": tr("\u22ef > Match accounts"),
        r"`concord compare[^`]*`": tr("the page Catalog"),
        r"with `concord plan`": tr("with Commit\u2026"),
        r"`concord plan[^`]*`": tr("Commit\u2026 > Save plan\u2026"),
        r"Add --set (\w+)=[^\s,.]+": tr(r"Fill in \1"),
    }
