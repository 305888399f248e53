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


def ahead(name: str, text: str, cli: Given) -> str:
    """An ISO date and time as it is; a span such as 2h is so long from now. Raises `CommandError`."""
    try:
        at = parse_instant(text, cli.now)
    except (ValueError, OverflowError):
        message = f"{name} is {text!r}: use in how long, such as 2h, or an ISO date and time such as 2026-12-24T18:00"
        raise CommandError(message, ExitCode.USAGE) from None
    is_span = text.strip()[-1:].isalpha() and text.strip()[-1:] not in "Zz"
    return (cli.now + (cli.now - at) if is_span else at).isoformat()
