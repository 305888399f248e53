from typing import Annotated

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.output import Output, say, show_fields, show_json, show_line, show_table, when
from adapters.plain_text import one_line


def mailbox(
    *,
    limit: Annotated[int, Parameter(name=["--limit", "-n"])] = 20,
    show: int | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show messages that would have been sent if their channel were set up, newest first.

    Parameters
    ----------
    limit
        How many, at most: 1 to 200.
    show
        The whole of one message, by its number in the list: 1 is the newest.
    """
    page = cli.api().get("/v1/mailbox", {"limit": limit if show is None else max(1, min(show, 200))})
    if show is not None:
        _show_message(_numbered(page["items"], show), output, cli)
        return
    if output == "json":
        show_json(page)
        return
    show_table(
        ("NUMBER", "SENT", "CHANNEL", "TO", "TITLE"),
        (
            (number, when(each["sent_at"], cli.now), each["channel"], each["address"], each["title"])
            for number, each in enumerate(page["items"], start=1)
        ),
    )
    if page["items"]:
        say("`tocsin mailbox --show 1` shows the newest one whole")


def _numbered(messages: list[Record], number: int) -> Record:
    if not 1 <= number <= len(messages):
        message = f"there is no message {number} in the mailbox; see `tocsin mailbox`"
        raise CommandError(message, ExitCode.NOT_FOUND)
    return messages[number - 1]


def _show_message(message: Record, output: Output, cli: Given) -> None:
    if output == "json":
        show_json(message)
        return
    show_fields(
        (
            ("sent", when(message["sent_at"], cli.now)),
            ("channel", message["channel"]),
            ("to", message["address"]),
            ("title", message["title"]),
            ("acknowledge", None if _in_body(message) else message["acknowledge_url"]),
        )
    )
    show_line("")
    for line in message["body"].splitlines():
        show_line(one_line(line))


def _in_body(message: Record) -> bool:
    return message["acknowledge_url"] is not None and message["acknowledge_url"] in message["body"]
