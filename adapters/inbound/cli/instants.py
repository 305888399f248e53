"""Times as people type them."""

from adapters.inbound.cli.context import Given
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.output import parse_instant


def instant_option(name: str, text: str | None, cli: Given) -> str | None:
    """What the API is asked with. Raises `CommandError`."""
    if text is None:
        return None
    try:
        return parse_instant(text, cli.now).isoformat()
    except (ValueError, OverflowError):
        message = f"{name} is {text!r}: use an ISO date and time such as 2026-12-24T18:00, or how long ago, such as 2h"
        raise CommandError(message, ExitCode.USAGE) from None
