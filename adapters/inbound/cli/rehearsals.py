"""What past events would have become, as a table."""

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.output import Output, say, show_json, show_table, when

_COUNTED = ("incidents", "pages", "muted", "dropped")


def show_rehearsed(found: Record, output: Output, cli: Given) -> None:
    if output == "json":
        show_json(found)
        return
    since, until = when(found["since"], cli.now), when(found["until"], cli.now)
    say(f"{found['examined']} events from {since} until {until}, as if nobody had answered")
    if not found["is_complete"]:
        say("there are more: look at fewer days, with --days")
    for warning in found["warnings"]:
        say(f"warning: {warning}")
    before, after = found["before"], found["after"]
    counted = ((name, before[name], after[name], f"{after[name] - before[name]:+d}") for name in _COUNTED)
    show_table(("WHAT", "NOW", "TRIED", "DIFFERENCE"), counted)
    if found["differences"]:
        say(f"{found['different']} events would become something else, such as:")
        show_table(
            ("EVENT", "RECEIVED", "NOW", "TRIED", "ID"),
            (
                (each["dedup_key"], when(each["received_at"], cli.now), each["before"], each["after"], each["event_id"])
                for each in found["differences"]
            ),
        )
