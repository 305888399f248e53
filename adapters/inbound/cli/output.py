"""What is shown: data on stdout, as a table for people or the API's JSON for programs; messages on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from adapters.plain_text import one_line

Output = Annotated[
    Literal["table", "json"], Parameter(name=["--output", "-o"], help="For people, or the API's JSON for programs.")
]
NOTHING: Final = "-"

_PIPE_COLUMNS: Final = 10_000  # into a pipe nothing is wrapped or cut
_LEAST_COLUMNS: Final = 120  # in a narrower terminal its own wrapping is better than columns of a few letters
_WRAPPED: Final = frozenset({"TITLE", "WHAT", "LAST OUTCOME", "DESCRIPTION", "REASON", "VALUE"})
_STYLES: Final = {
    "SEV1": "bold red",
    "SEV2": "red",
    "SEV3": "yellow",
    "triggered": "red",
    "acknowledged": "yellow",
    "resolved": "green",
    "exhausted": "bold red",
    "failed": "red",
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
}


def say(message: str) -> None:
    """A message for whoever watches, which is no part of the data."""
    print(message, file=sys.stderr)


def show_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def show_line(text: str) -> None:
    print(text)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One line a row when it is piped, else as wide as the terminal. What senders wrote cannot mark up anything."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        say("there is nothing to show")
        return
    console = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    console.width = max(console.width, _LEAST_COLUMNS) if console.is_terminal else _PIPE_COLUMNS
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in _WRAPPED)
    for row in cells:
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in row))
    with console.capture() as shown:
        console.print(table)
    for line in shown.get().splitlines():
        print(line.rstrip())


def show_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values under each other; empty values are left out."""
    shown = [(name, _cell(value)) for name, value in fields if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in shown), default=0)
    for name, text in shown:
        print(f"{name + ':':<{width + 1}}  {text}")


def _cell(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, dict | list):
        return one_line(json.dumps(value, ensure_ascii=False))
    return one_line(str(value))


def instant(text: str) -> datetime:
    """A time as the API writes it."""
    return datetime.fromisoformat(text)


def span(duration: timedelta) -> str:
    """A length of time in its largest unit, as short as it can be said."""
    seconds = int(abs(duration).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def age(text: str | None, now: datetime) -> str:
    return NOTHING if text is None else span(now - instant(text))


def relative(text: str, now: datetime) -> str:
    """`3m ago`, `in 5m`."""
    at = instant(text)
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def when(text: str | None, now: datetime) -> str:
    """On this computer's clock, and how long ago or ahead that is."""
    if text is None:
        return NOTHING
    return f"{instant(text).astimezone():%Y-%m-%d %H:%M:%S %Z} ({relative(text, now)})"


def moment(text: str) -> str:
    """On this computer's clock, short enough for a column."""
    return f"{instant(text).astimezone():%m-%d %H:%M:%S}"


def parse_instant(text: str, now: datetime) -> datetime:
    """`2h`, which is that long ago, or an ISO date and time; without an offset it is this computer's time.

    Raises `ValueError`.
    """
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    number, unit = text[:-1], text[-1:]
    if unit in units and number.isdecimal():
        return now - timedelta(**{units[unit]: int(number)})
    return datetime.fromisoformat(text).astimezone(now.tzinfo)


def name_of(value: Any) -> str:
    """The name in `{"id", "name"}`, or nothing."""
    return NOTHING if value is None else str(value["name"])
