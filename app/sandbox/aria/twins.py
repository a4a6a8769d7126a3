"""Outputs that come twice: typed as `<name>_2`, and as text as `<name>` (aria.md §4.2)."""

from typing import Any

_SHORTENED = {
    "applied_total_reversal_amt_2": "applied_total_reversal_amount",
}


def twinned(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with the plain twin, as text, beside every output that ends in `_2`."""
    found: dict[str, Any] = {}
    for name, value in answer.items():
        found[name] = _inside(value)
        plain = _SHORTENED.get(name, name.removesuffix("_2"))
        counted = f"{plain}_1" in answer  # qualifier_2 stands beside qualifier_1
        if plain != name and plain not in answer and not counted:
            found[plain] = value if value is None or isinstance(value, list) else str(value)
    return found


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return twinned(value)
    if isinstance(value, list):
        return [_inside(one) for one in value]
    return value
