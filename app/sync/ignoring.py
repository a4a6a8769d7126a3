"""Ignore rules of a workspace: those of its mapping, and those that people made in it."""

from app.domain.mapping import EntityMapping, IgnoreRule
from app.errors import NotFound, WrongUse
from app.store.ignoring import keep_own_rules, own_rules
from app.sync.workbench import Workbench


def rules_of(bench: Workbench, entity: EntityMapping) -> tuple[IgnoreRule, ...]:
    """Return the rules that hold for an entity; the mapping's come first."""
    made = (rule for rule in own_rules(bench.store) if rule.entity == entity.name)
    return (*entity.ignore, *made)


def add_rule(bench: Workbench, rule: IgnoreRule) -> None:
    """Add a rule; `compare` has to run for it to show.

    Raises:
        WrongUse: The mapping has no such entity or field, or the rule's name is taken.
    """
    entity = bench.mapping.by_name.get(rule.entity)
    if entity is None or rule.field not in entity.index:
        raise WrongUse(
            f"The mapping has no field {rule.field!r} of {rule.entity!r}.",
            "`concord workspace show` names the mapping's file.",
        )
    made = own_rules(bench.store)
    names = {known.name for known in made} | {
        known.name for one in bench.mapping.entities for known in one.ignore
    }
    if rule.name in names:
        raise WrongUse(
            f"There is an ignore rule {rule.name!r} already.", "Choose another name for this one."
        )
    keep_own_rules(bench.store, [*made, rule])


def remove_rule(bench: Workbench, name: str) -> None:
    """Remove a rule that was made in the workspace.

    Raises:
        NotFound: None of that name was made here.
    """
    made = own_rules(bench.store)
    kept = [rule for rule in made if rule.name != name]
    if len(kept) == len(made):
        raise NotFound(
            f"No ignore rule {name!r} was made in this workspace.",
            "Those of the mapping are removed in its file.",
        )
    keep_own_rules(bench.store, kept)
