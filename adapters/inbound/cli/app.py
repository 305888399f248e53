"""The command line as a whole: arguments to a command, and what became of it to an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from adapters.inbound.cli import (
    absences,
    covers,
    dead_letters,
    destinations,
    drills,
    events,
    fall_backs,
    heartbeats,
    incidents,
    installation,
    integrations,
    mailbox,
    on_call,
    policies,
    readiness,
    schedules,
    services,
    simulate,
    subscriptions,
    teams,
    tokens,
    users,
)
from adapters.inbound.cli.context import CONFIGURATION, INCIDENTS, INSTALLATION, Context
from adapters.inbound.cli.exit_code import CommandError, ExitCode, documentation, of_error
from adapters.inbound.cli.output import say
from adapters.plain_text import one_line

_EPILOGUE = (
    "The server is TOCSIN_URL with TOCSIN_TOKEN; without them, the one that `tocsin up` runs from this folder.\n\n"
    + documentation()
)

_NOUNS: Final = (
    incidents.app,
    on_call.app,
    covers.app,
    absences.app,
    events.app,
    services.app,
    integrations.app,
    subscriptions.app,
    heartbeats.app,
    schedules.app,
    policies.app,
    destinations.app,
    fall_backs.app,
    teams.app,
    drills.app,
    users.app,
    tokens.app,
    installation.database_app,
    installation.demo_app,
    dead_letters.app,
)
_INSTALLATION: Final = (
    installation.up,
    installation.http,
    installation.worker,
    installation.consumer,
    installation.doctor,
    installation.config,
    installation.setup,
    installation.version,
)


def build() -> App:
    """Every command there is."""
    app = App(
        name="tocsin",
        help="Tocsin: alerts in, the right person awake, every page explained.",
        help_format="plaintext",  # markdown takes as long to import as everything else together
        help_epilogue=_EPILOGUE,
        version=installation.installed_version,
    )
    for noun in _NOUNS:
        app.command(noun)
    app.command(mailbox.mailbox, group=INCIDENTS)
    app.command(simulate.simulate, group=INCIDENTS)
    app.command(readiness.readiness, group=CONFIGURATION)
    for command in _INSTALLATION:
        app.command(command, group=INSTALLATION)
    return app


def run(arguments: Sequence[str], context: Context) -> int:
    """Do what the arguments say. The result is the exit code; an error is one line on stderr."""
    try:
        code = _run(arguments, context)
        sys.stdout.flush()
    except CommandError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read went away, as `head` does. The interpreter would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILURE
    except Exception as error:
        known = of_error(error)
        if known is None:
            raise
        return _failed(str(error), known)
    return code


def _run(arguments: Sequence[str], context: Context) -> int:
    app = build()
    try:
        command, bound, given = app.parse_args(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        said = str(error).partition(" Available commands:")[0].removesuffix(".")
        raise CommandError(f"{said}; see `{_usage(error)} --help`", ExitCode.USAGE) from None
    result = command(*bound.args, **bound.kwargs, **dict.fromkeys(given, context))
    return result if isinstance(result, int) else ExitCode.OK


def _usage(error: CycloptsError) -> str:
    return " ".join(("tocsin", *(error.command_chain or ())))


def _failed(message: str, code: ExitCode) -> int:
    say(f"tocsin: {one_line(message)}")
    return code
