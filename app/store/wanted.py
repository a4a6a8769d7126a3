"""What the filter bar asks for: kinds and a text, as the store knows them, and a field."""

from dataclasses import dataclass

from app.store.pager import Filter, Row


@dataclass(frozen=True, slots=True)
class Wanted(Filter):
    """A filter that may also name a field: then only records are shown in which it differs."""

    field: str = ""

    @property
    def is_open(self) -> bool:
        """Whether everything is shown."""
        return not (self.kinds or self.text or self.field)


def fits(wanted: Filter, row: Row) -> bool:
    """Return whether a row that the store matched fits the field too."""
    return not isinstance(wanted, Wanted) or not wanted.field or wanted.field in row.fields
