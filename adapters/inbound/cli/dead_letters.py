from collections.abc import Iterable
from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import INSTALLATION, Given, Switch, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.output import Output, say, show_fields, show_json, show_line, show_table, when
from application.ports.dead_letter_queue import REDRIVE_LIMIT, QueuedDeadLetter, Redrive

app: Final = commands_of("dlq", "The dead-letter queue: list, show, redrive.", group=INSTALLATION)

Limit = Annotated[int, Parameter(name=["--limit", "-n"])]


@app.command(name="list")
def list_(*, limit: Limit = 50, output: Output = "table", cli: Given) -> None:
    """List messages that could not be handled. What is looked at is hidden from other readers for a moment.

    Parameters
    ----------
    limit
        How many, at most: 1 to 1000.
    """
    _require_limit(limit)
    letters = cli.operations.with_dead_letters(lambda queue: queue.list(limit))
    if output == "json":
        show_json({"items": [_record(letter) for letter in letters]})
        return
    _show_letters(letters, cli)


@app.command
def show(message_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show one message whole, by its id. Its body may hold a key."""
    letter = cli.operations.with_dead_letters(lambda queue: queue.show(message_id))
    if output == "json":
        show_json({**_record(letter), "attributes": dict(letter.attributes), "body": letter.body})
        return
    show_fields(
        (
            ("message", letter.message_id),
            ("sent", when(letter.sent_at.isoformat(), cli.now)),
            ("reason", _reason(letter)),
            ("received", f"{letter.receives} times"),
            ("group", letter.group_id),
        )
    )
    show_line("")
    show_line(letter.body if letter.body.isprintable() else ascii(letter.body))


@app.command
def redrive(
    *,
    limit: Limit = REDRIVE_LIMIT,
    run: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Send messages back to be handled again. Without --run it only shows which.

    Parameters
    ----------
    limit
        How many, at most: 1 to 1000.
    run
        Do it: each message is sent, then deleted here.
    """
    _require_limit(limit)
    redriven: Redrive = cli.operations.with_dead_letters(lambda queue: queue.redrive(limit, dry_run=not run))
    if output == "json":
        show_json(
            {
                "is_dry_run": redriven.is_dry_run,
                "moved": [_record(letter) for letter in redriven.moved],
                "failed": [failure._asdict() for failure in redriven.failed],
            }
        )
    else:
        _show_letters(redriven.moved, cli)
    for failure in redriven.failed:
        say(f"{failure.message_id} stays: {failure.reason}")
    if redriven.is_dry_run:
        say(f"{len(redriven.moved)} would be sent back; `tocsin dlq redrive --run` does it")
    else:
        say(f"{len(redriven.moved)} sent back, {len(redriven.failed)} not")
    if redriven.failed:
        message = f"{len(redriven.failed)} messages could not be sent back: see above, then run it again"
        raise CommandError(message, ExitCode.FAILURE)


def _require_limit(limit: int) -> None:
    if not 1 <= limit <= REDRIVE_LIMIT:
        raise CommandError(f"--limit is {limit}: use 1 to {REDRIVE_LIMIT}", ExitCode.USAGE)


def _show_letters(letters: Iterable[QueuedDeadLetter], cli: Given) -> None:
    show_table(
        ("MESSAGE", "SENT", "RECEIVED", "REASON"),
        (
            (letter.message_id, when(letter.sent_at.isoformat(), cli.now), f"{letter.receives} times", _reason(letter))
            for letter in letters
        ),
    )


def _reason(letter: QueuedDeadLetter) -> str:
    return letter.reason or "delivered too often"


def _record(letter: QueuedDeadLetter) -> Record:
    return {
        "message_id": letter.message_id,
        "sent_at": letter.sent_at.isoformat(),
        "reason": letter.reason,
        "receives": letter.receives,
        "group_id": letter.group_id,
    }
