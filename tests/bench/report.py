"""Figures against their targets, as JSON and as a table."""

from typing import Final, Literal

from msgspec import Struct

TIMES: Final = "\N{MULTIPLICATION SIGN}"
# A miss by less than this much of the target may be the machine's mood.
TOLERANCE: Final = 0.10


type Rows = dict[str, dict[str, float]]


class Figure(Struct, frozen=True):
    name: str
    target: float | None  # None: for information
    reached: float | None  # None: could not be measured, for the reason in `note`
    unit: str
    better: Literal["more", "less"]
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.reached is None:
            return "not measured"
        if self.target is None:
            return ""
        return "reached" if self._is_within(self.target) else "missed"

    @property
    def is_clear_miss(self) -> bool:
        """Whether it is further from its target than noise explains."""
        if self.target is None or self.reached is None:
            return False
        slack = 1 - TOLERANCE if self.better == "more" else 1 + TOLERANCE
        return not self._is_within(self.target * slack)

    def _is_within(self, limit: float) -> bool:
        assert self.reached is not None
        return self.reached >= limit if self.better == "more" else self.reached <= limit


def at_least(name: str, target: float | None, reached: float | None, unit: str, *, note: str = "") -> Figure:
    return Figure(name, target, reached, unit, "more", note)


def at_most(name: str, target: float | None, reached: float | None, unit: str, *, note: str = "") -> Figure:
    return Figure(name, target, reached, unit, "less", note)


def table(figures: list[Figure]) -> str:
    lines = ["| what | target | reached | verdict |", "| --- | ---: | ---: | --- |"]
    for figure in figures:
        sign = "≥" if figure.better == "more" else "≤"
        target = "" if figure.target is None else f"{sign} {shown(figure.target)} {figure.unit}"
        reached = "" if figure.reached is None else f"{shown(figure.reached)} {figure.unit}"
        note = f" ({figure.note})" if figure.note else ""
        lines.append(f"| {figure.name}{note} | {target} | {reached} | {figure.verdict} |")
    return "\n".join(lines) + "\n"


def grid(rows: Rows) -> str:
    """One line a row, one column a member."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    lines += [
        f"| {name} | " + " | ".join(shown(row[column]) if column in row else "" for column in columns) + " |"
        for name, row in rows.items()
    ]
    return "\n".join(lines) + "\n"


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
