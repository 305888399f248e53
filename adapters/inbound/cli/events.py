import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from adapters.inbound.cli.client import Record, segment
from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.output import Output, say, show_json, show_line, show_table, when

app: Final = commands_of("event", "Events, as a monitoring source sends them.", group=INCIDENTS)


@app.command
def send(
    *,
    key: str | None = None,
    key_file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    action: Literal["trigger", "acknowledge", "resolve"] = "trigger",
    summary: str = "",
    severity: Literal["critical", "error", "warning", "info"] | None = None,
    source: str = "",
    dedup_key: str | None = None,
    group_key: str | None = None,
    labels: Annotated[tuple[str, ...], Parameter(name="--label", negative="", show_default=False)] = (),
    output: Output = "table",
    cli: Given,
) -> None:
    """Send an event to an integration. Prints its dedup key, which acknowledges or resolves it later.

    Parameters
    ----------
    key
        The integration's key. Other users of this computer can see it here: see --key-file.
    key_file
        A file that holds the key; - is the standard input.
    summary
        One line for the responder; required to trigger.
    severity
        Otherwise the integration's default.
    source
        What is affected, such as a host.
    dedup_key
        Names the condition; required to acknowledge and to resolve.
    group_key
        Events with the same one share an incident.
    labels
        name=value; may be given several times.
    """
    event = {"action": action, "summary": summary, "source": source, "labels": _labels(labels)}
    unset_by_default = {"severity": severity, "dedup_key": dedup_key, "group_key": group_key}
    event |= {name: value for name, value in unset_by_default.items() if value is not None}
    answer = cli.door(_key(key, key_file)).post("/v1/events", event)
    if output == "json":
        show_json(answer)
        return
    say("accepted")
    for accepted in answer["events"]:
        show_line(accepted["dedup_key"])


@app.command
def explain(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show why an event became what it became: each rule that had a say, and where it led.

    Parameters
    ----------
    ref
        The event's id: `event_id` of an alert in `tocsin incident show -o json`.
    """
    found = cli.api().get(f"/v1/events/{segment(ref)}/explanation")
    if output == "json":
        show_json(found)
        return
    say(f"{found['format']} from {found['integration']['name']}, {when(found['received_at'], cli.now)}")
    show_table(
        ("EVENT", "WHAT", "BY"),
        ((each["dedup_key"], each["text"], "; ".join(_said(each)) or "no rule") for each in found["events"]),
    )


def _said(event: Record) -> Iterator[str]:
    for step in event["steps"]:
        outcome = "" if step["outcome"] == "applied" else ", outside of its hours"
        yield f"rule {step['rule']!r} of the {step['owner']}, version {step['version']}{outcome}"
    if event["muted"] is not None:
        yield f"muted: {event['muted']['reason']}"


def _key(key: str | None, file: str | None) -> str:
    """Raises `CommandError`."""
    if (key is None) == (file is None):
        message = "give the integration's key with --key or --key-file; it was shown when the integration was created"
        raise CommandError(message, ExitCode.USAGE)
    if key is not None:
        return key
    assert file is not None
    try:
        return (sys.stdin.read() if file == "-" else Path(file).read_text()).strip()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", ExitCode.USAGE) from None


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise CommandError(f"--label is {each!r}: use name=value", ExitCode.USAGE)
        labels[name] = value
    return labels
