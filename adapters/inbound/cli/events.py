import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from adapters.inbound.cli.client import Record, segment
from adapters.inbound.cli.context import INCIDENTS, Context, Given, Switch, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.integrations import INTEGRATION
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.nagios import Notification, event_of
from adapters.inbound.cli.output import Output, say, show_json, show_line, show_table, when
from adapters.inbound.cli.sending import WAIT_SECONDS_DEFAULT, WAIT_SECONDS_MAX, until_taken

KEY: Final = "TOCSIN_INTEGRATION_KEY"
KEY_FILE: Final = "TOCSIN_INTEGRATION_KEY_FILE"

_REPLAYED: Final = ("bodies", "unreadable", "taken", "over")
_REPLAYED_TEXTS: Final = {
    "alerts": "new alerts",
    "occurrences": "more occurrences of alerts that fire",
    "resolved": "alerts resolved",
    "dropped": "dropped by rules",
    "repeated": "replayed before",
    "taken": "taken before as they are read today",
    "over": "of conditions that have ended",
    "unreadable": "bodies that cannot be read",
}

app: Final = commands_of("event", "Events, as a monitoring source sends them.", group=INCIDENTS)

Key = Annotated[
    str | None, Parameter(help="The integration's key. Other users of this computer can see it here: see --key-file.")
]
KeyFile = Annotated[
    str | None,
    Parameter(allow_leading_hyphen=True, help="A file that holds the key; - is the standard input."),
]
Wait = Annotated[
    float, Parameter(help="For how many seconds to try again while the server cannot be reached; 0: try once.")
]
# What a monitoring system fills in may begin with a hyphen, or be empty.
Filled = Annotated[str, Parameter(allow_leading_hyphen=True, show_default=False)]


@app.command
def send(
    *,
    key: Key = None,
    key_file: KeyFile = None,
    action: Literal["trigger", "acknowledge", "resolve"] = "trigger",
    summary: Filled = "",
    severity: Literal["critical", "error", "warning", "info"] | None = None,
    source: Filled = "",
    dedup_key: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    group_key: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    labels: Annotated[tuple[str, ...], Parameter(name="--label", negative="", show_default=False)] = (),
    wait: Wait = WAIT_SECONDS_DEFAULT,
    output: Output = "table",
    cli: Given,
) -> None:
    """Send an event to an integration. Prints its dedup key, which acknowledges or resolves it later.

    Parameters
    ----------
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
    if action == "trigger" and dedup_key is None:
        # Named here: sent once more after an answer that got lost, it is the same alert.
        dedup_key = secrets.token_hex(16)
    event = {"action": action, "summary": summary, "source": source, "labels": _labels(labels)}
    unset_by_default = {"severity": severity, "dedup_key": dedup_key, "group_key": group_key}
    event |= {name: value for name, value in unset_by_default.items() if value is not None}
    _show(_taken(event, _key(cli, key, key_file), wait, cli), output)


@app.command
def nagios(
    *,
    type_: Annotated[str, Parameter(name="--type")],
    host: Annotated[str, Parameter(allow_leading_hyphen=True)],
    service: Filled = "",
    state: Filled = "",
    text: Filled = "",
    address: Filled = "",
    key: Key = None,
    key_file: KeyFile = None,
    wait: Wait = WAIT_SECONDS_DEFAULT,
    output: Output = "table",
    cli: Given,
) -> None:
    """Send a notification of Nagios, Icinga or Naemon; to be used as their notification command.

    A problem triggers, an acknowledgement acknowledges, a recovery resolves; all other types send nothing.

    Parameters
    ----------
    type_
        $NOTIFICATIONTYPE$
    host
        $HOSTNAME$
    service
        $SERVICEDESC$; without one it is about the host.
    state
        $SERVICESTATE$ or $HOSTSTATE$
    text
        $SERVICEOUTPUT$ or $HOSTOUTPUT$
    address
        $HOSTADDRESS$
    """
    found = _key(cli, key, key_file)  # a wrong set-up shows on the first notification, whatever it is
    if not host.strip():
        raise CommandError("--host is empty: is the macro's name right?", ExitCode.USAGE)
    event = event_of(
        Notification(type=type_, host=host, service=service.strip(), state=state, text=text, address=address)
    )
    if event is None:
        say(f"nothing is sent for the notification type {type_}")
        return
    _show(_taken(event, found, wait, cli), output)


def _taken(event: Mapping[str, object], key: str, wait: float, cli: Context) -> Any:
    """Raises `CommandError`."""
    if not 0 <= wait <= WAIT_SECONDS_MAX:
        raise CommandError(f"--wait must be from 0 to {WAIT_SECONDS_MAX:g} seconds", ExitCode.USAGE)
    door = cli.door(key)
    return until_taken(
        lambda seconds: replace(door, timeout_seconds=seconds).post("/v1/events", event),
        wait_seconds=wait,
        elapsed_seconds=time.monotonic,
        pause=time.sleep,
    )


def _show(answer: Any, output: Output) -> None:
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
        The event's id: `tocsin incident show` has it beside each alert.
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


@app.command
def replay(
    *,
    integration: str,
    since: Annotated[str, Parameter(name="--from")],
    until: Annotated[str | None, Parameter(name="--to", show_default=False)] = None,
    run: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Take what an integration was sent in an interval once more, by today's mapping and rules.

    Without --run it only shows what would come of it. Doing it again changes nothing more.

    Parameters
    ----------
    integration
        Its name or id.
    since
        `2h`, which is that long ago, or an ISO date and time.
    until
        The same; otherwise now. What ended later opens an alert all the same.
    run
        Do it: alerts open, and page.
    """
    api = cli.api()
    found = find(api, INTEGRATION, integration)
    path = f"{INTEGRATION.path}/{found['id']}/replay"
    next_since = instant_option("--from", since, cli)
    until = cli.now.isoformat() if until is None else instant_option("--to", until, cli)
    parts: list[Record] = []
    while next_since is not None:
        replayed = api.post(path, {"since": next_since, "until": until, "dry_run": not run})
        parts.append(replayed)
        next_since = replayed["next_since"]
        if next_since is not None:
            say(f"{sum(each['bodies'] for each in parts)} bodies until {when(replayed['until'], cli.now)}, going on")
    _show_replayed(parts, output, cli)


def _show_replayed(parts: Sequence[Record], output: Output, cli: Given) -> None:
    totals: Counter[str] = Counter()
    for part in parts:
        totals.update({name: part[name] for name in _REPLAYED} | part["effects"])
    first, last = parts[0], parts[-1]
    shadow = Counter[str]()
    for part in parts:
        shadow.update(part["shadow"] or {})
    if output == "json":
        show_json({"since": first["since"], "until": last["until"], **totals, "shadow": dict(shadow) or None})
        return
    since, until = when(first["since"], cli.now), when(last["until"], cli.now)
    say(f"{totals['bodies']} bodies from {since} until {until}" + (", as it would be" if first["dry_run"] else ""))
    show_table(("WHAT", "COUNT"), [(text, totals[name]) for name, text in _REPLAYED_TEXTS.items()])
    if first["dry_run"]:
        tally = ", ".join(f"{shadow[name]} {name}" for name in ("incidents", "pages", "muted", "dropped"))
        say(f"all of it by today's mapping and rules, as if nobody had answered: {tally}")
        say("nothing was done; add --run to do it")


def _said(event: Record) -> Iterator[str]:
    for step in event["steps"]:
        outcome = "" if step["outcome"] == "applied" else ", outside of its hours"
        yield f"rule {step['rule']!r} of the {step['owner']}, version {step['version']}{outcome}"
    if event["muted"] is not None:
        yield f"muted: {event['muted']['reason']}"


def _key(cli: Context, key: str | None, file: str | None) -> str:
    """What is given counts more than the environment. Raises `CommandError`."""
    if key is None and file is None:
        key, file = cli.environment.get(KEY) or None, cli.environment.get(KEY_FILE) or None
    if (key is None) == (file is None):
        message = (
            f"give the integration's key with --key or --key-file, or set one of {KEY} and {KEY_FILE}; "
            "it was shown when the integration was created"
        )
        raise CommandError(message, ExitCode.USAGE)
    if key is not None:
        return key.strip()
    assert file is not None
    try:
        return (sys.stdin.read() if file == "-" else Path(file).read_text()).strip()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", ExitCode.USAGE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} holds no text: is it the file with the key?", ExitCode.USAGE) from None


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise CommandError(f"--label is {each!r}: use name=value", ExitCode.USAGE)
        labels[name] = value
    return labels
