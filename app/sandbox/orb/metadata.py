"""Metadata: a flat map of texts that updates merge into (orb.md §1)."""

from collections.abc import Mapping

from app.sandbox.orb.errors import RESOURCE_TOO_LARGE, OrbError

_MOST_KEYS = 100


def merged(before: Mapping[str, str], sent: Mapping[str, str | None] | None) -> dict[str, str]:
    """Return metadata after an update: null removes a key, null for the whole removes all.

    Raises:
        OrbError: It would grow too large.
    """
    if sent is None:
        return {}
    found = {**before, **sent}
    if len(found) > _MOST_KEYS:
        raise OrbError(RESOURCE_TOO_LARGE, f"Metadata has at most {_MOST_KEYS} keys.")
    return {key: value for key, value in found.items() if value is not None}
