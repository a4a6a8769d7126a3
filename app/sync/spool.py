"""Operations that may be millions: few are kept in memory, many in a file without a name."""

import tempfile
import weakref
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Operation, Part
from app.domain.plan_json import operation_line, operation_of

IN_MEMORY = 4 << 20  # bytes of lines, about 10,000 operations
FEW = 5000  # operations
_PAGE = 1 << 20
_NOTED = 64  # of so many lines, the place of the first is kept


class Spool(Sequence[Operation]):
    """Operations in the order in which they were appended, each one line of JSON.

    The file lies beside the store, since it holds what people keep there, and has no name: it is
    gone with the process, however that ends.
    """

    def __init__(self, mapping: WorkspaceMapping, folder: Path) -> None:
        self._mapping = mapping
        # Closed by `close`, or when nobody knows the spool any more.
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115
        self._closing = weakref.finalize(self, self._file.close)
        self._starts = array("Q")
        self._count = 0
        self._end = 0
        self.tally: Counter[Part] = Counter()

    def append(self, operation: Operation) -> None:
        """Add an operation at the end."""
        self.tally[Part(operation.entity, operation.side, operation.verb)] += 1
        self.append_line(operation_line(operation))

    def extend(self, other: "Spool") -> None:
        """Add all of another spool's operations, as the lines that they are."""
        self.tally.update(other.tally)
        for line in other.lines():
            self.append_line(line)

    def append_line(self, line: bytes) -> None:
        """Add an operation that is a line already; it is not counted in `tally`."""
        self._file.seek(self._end)
        if self._count % _NOTED == 0:
            self._starts.append(self._end)
        self._count += 1
        self._end += self._file.write(line + b"\n")

    def lines(self) -> Iterator[bytes]:
        """Yield the operations as lines, without reading them."""
        place, rest = 0, b""
        while place < self._end:
            self._file.seek(place)
            page = self._file.read(_PAGE)
            place += len(page)
            *whole, rest = (rest + page).split(b"\n")
            yield from whole

    @property
    def size(self) -> int:
        """Bytes of all the lines together."""
        return self._end

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Operation]:
        return (operation_of(line, self._mapping) for line in self.lines())

    @overload
    def __getitem__(self, place: int) -> Operation: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Operation]: ...
    def __getitem__(self, place: int | slice) -> Operation | Sequence[Operation]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = range(self._count)[place]
        self._file.seek(self._starts[number // _NOTED])
        for _before in range(number % _NOTED):
            self._file.readline()
        return operation_of(self._file.readline(), self._mapping)

    def settled(self) -> Sequence[Operation]:
        """Return the operations as they are best kept: a few as a tuple, many as they are."""
        if len(self) > FEW:
            return self
        few = tuple(self)
        self.close()
        return few

    def close(self) -> None:
        """Give the room back."""
        self._closing()
