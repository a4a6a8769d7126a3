"""A measured claim: a ratio, and the least (or, for times, the most) that it should be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One measured ratio.

    Attributes:
        target: What it should reach; None where it is told only.
        at_most: Whether the target is an upper bound.
    """

    what: str
    value: float
    target: float | None
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        if self.target is None:
            return True
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def row(self) -> str:
        """The claim as a row of a Markdown table."""
        bound = "" if self.target is None else f"{'≤' if self.at_most else '≥'} {self.target:g}"
        told = "" if self.target is None else ("yes" if self.is_met else "**no**")
        return f"| {self.what} | {self.value:.3g} | {bound} | {told} |"
