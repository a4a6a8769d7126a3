"""A mapping while it is edited: what is kept, what it is now, and the way back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.domain.column import Column
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_edit import MappingDraft
from app.domain.record import Side
from app.sync.mapping_fit import Template, known_columns, shipped_drafts, templates

Edit = Callable[[MappingDraft], MappingDraft]


@dataclass
class Editing:
    """One workspace's mapping while it is edited.

    Attributes:
        saved: The text as it is kept.
        kept: What it says, entities that the workspace leaves out among it.
        steps: The drafts before each edit, for Undo.
        columns: (entity, side) → columns known or found.
    """

    saved: str
    kept: WorkspaceMapping
    draft: MappingDraft
    templates: Sequence[Template]
    steps: list[MappingDraft] = field(default_factory=list)
    columns: dict[tuple[str, Side], Sequence[Column]] = field(default_factory=dict)

    @property
    def is_changed(self) -> bool:
        """Whether there is something to be saved."""
        return self.draft.text != self.saved

    def apply(self, edit: Edit) -> None:
        """Make an edit; raises what it raises, and nothing is changed then."""
        draft = edit(self.draft)
        if draft.text != self.draft.text:
            self.steps.append(self.draft)
            self.draft = draft

    def undo(self) -> None:
        """Take the last edit back."""
        if self.steps:
            self.draft = self.steps.pop()


def read_editing(draft: MappingDraft) -> Editing:
    """Return a mapping to be edited, with the columns that are known without asking anybody."""
    kind = draft.mapping.billing
    shipped = [each.mapping for each in shipped_drafts(kind).values()]
    editing = Editing(draft.text, draft.mapping, draft, templates(kind))
    for entity in draft.mapping.entities:
        known = known_columns(entity.name, [*shipped, draft.mapping])
        editing.columns[entity.name, Side.BILLING] = known
    return editing
