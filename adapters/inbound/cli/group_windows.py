"""For how long an incident takes further alerts of its group, as commands say it."""

from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.exit_code import CommandError, ExitCode

NO_WINDOW: Final = "none"
_KINDS: Final = ("fixed", "rolling")

GroupWindow = Annotated[str | None, Parameter(help="fixed:SECONDS or rolling:SECONDS, from 120 to 86400.")]


def window_body(text: str | None) -> Record | None:
    """What `fixed:600` means to the API. Raises `CommandError`."""
    if text is None:
        return None
    kind, _, seconds = text.partition(":")
    if kind not in _KINDS or not (seconds.isascii() and seconds.isdigit()):
        raise CommandError(f"{text!r} is no window: say fixed:600 or rolling:600", ExitCode.USAGE)
    return {"kind": kind, "seconds": int(seconds)}


def ruled_window_body(text: str | None) -> Record | str | None:
    """The same of a rule, which may say that there is none. Raises `CommandError`."""
    return text if text == NO_WINDOW else window_body(text)


def window_text(window: Record) -> str:
    """The other way."""
    return f"{window['kind']}:{window['seconds']}"
