from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.routing.matcher import FindMatching


class Patterns(Protocol):
    """Regular expressions whose cost nobody can blow up: matching takes a time linear in the text."""

    @abstractmethod
    def compile(self, patterns: Sequence[str]) -> FindMatching:
        """A function that gives the places of the patterns that match a whole text.

        Raises `InvalidValueError` when one is no pattern of RE2's syntax, or would take too much memory.
        """
