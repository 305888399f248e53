import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Context, Given, Switch
from adapters.inbound.cli.documents import File, read_json
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.group_windows import NO_WINDOW, GroupWindow, window_body
from adapters.inbound.cli.listing import Noun, find, names_of, noun_app
from adapters.inbound.cli.output import (
    NOTHING,
    Output,
    moment,
    parse_instant,
    say,
    show_fields,
    show_json,
    show_line,
    show_table,
    span,
    when,
)
from adapters.inbound.cli.services import SERVICE

INTEGRATION: Final = Noun(
    name="integration",
    plural="integrations",
    path="/v1/integrations",
    columns=("name", "kind", "service_id", "grouping", "is_strict", "id"),
    references={"service_id": "/v1/services", "team_id": "/v1/teams"},
)

Overlap = Annotated[int, Parameter(help="How long the old one stays good beside the new one: 0 to 720 hours.")]

app: Final = noun_app(INTEGRATION, with_show=False)
app.help = "Integrations: list, show, create, edit, their keys, what their senders sign with, watch, limit, map, try."


Topics = Annotated[tuple[str, ...], Parameter(negative=())]
WhenSilent = Literal["keep", "resolve"]


@app.command
def create(
    name: str,
    /,
    *,
    service: str,
    kind: str,
    grouping: Literal["per_alert", "per_group"] = "per_alert",
    group_window: GroupWindow = None,
    strict: Switch = False,
    when_silent: WhenSilent = "keep",
    topic_arn: Topics = (),
    output: Output = "table",
    cli: Given,
) -> None:
    """Let a sender send events of a service. Its key, and what to paste at the sender, are shown only now.

    Parameters
    ----------
    service
        The service, by its name or id.
    kind
        What sends, such as alertmanager, cloudwatch, grafana or native.
    grouping
        Whether each alert of a group is one of ours, or the group.
    group_window
        For how long an open incident takes others of its group: fixed:SECONDS since it began, or rolling:SECONDS since
        the last alert joined. Without, as long as it is open.
    strict
        Refuse what its protocol refuses, where something lenient could be made of it.
    when_silent
        What becomes of an alert that its sender no longer repeats: keep, or resolve.
    topic_arn
        A topic of SNS whose signed messages are taken, for CloudWatch; once for each.
    """
    api = cli.api()
    body: Record = {
        "name": name,
        "kind": kind,
        "service_id": find(api, SERVICE, service)["id"],
        "grouping": grouping,
        "group_window": window_body(group_window),
        "is_strict": strict,
        "when_silent": when_silent,
        "topic_arns": list(topic_arn),
    }
    made = api.post(INTEGRATION.path, body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['integration']['name']} takes events; its key is shown only now:")
    show_line(made["key"])
    _show_snippets(made["snippets"])


@app.command
def rotate_key(ref: str, /, *, overlap_hours: Overlap = 24, output: Output = "table", cli: Given) -> None:
    """Give an integration, by its name or id, a new key. It is shown only now."""
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    made = api.post(f"{_path(integration)}/rotate-key", {"overlap_seconds": overlap_hours * 3600})
    if output == "json":
        show_json(made)
        return
    say(f"the old key of {integration['name']} is good for {overlap_hours} h more; the new one is shown only now:")
    show_line(made["key"])


@app.command
def sign(ref: str, /, *, secret_file: str, overlap_hours: Overlap = 24, output: Output = "table", cli: Given) -> None:
    """Take only what an integration's sender signs with a secret; repeat it with another one to replace it.

    Parameters
    ----------
    secret_file
        Where the secret is; `-` is the standard input. The line end behind it does not count.
    """
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    body = {"secret": _secret(secret_file), "overlap_seconds": overlap_hours * 3600}
    signed = api.put(f"{_path(integration)}/signing-secret", body, tag=None)
    if output == "json":
        show_json(signed)
        return
    say(f"{integration['name']} takes only what is signed")


@app.command
def unsign(ref: str, /, *, cli: Given) -> None:
    """Take what is unsigned again: an integration's key alone lets in."""
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    api.delete(f"{_path(integration)}/signing-secret")
    say(f"{integration['name']} takes what is unsigned")


def _path(integration: Record) -> str:
    return f"{INTEGRATION.path}/{integration['id']}"


def _secret(file: str) -> str:
    try:
        return (sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {file}: {error}", ExitCode.USAGE) from None


@app.command
def show(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show one of the integrations, by its name or id: its address, what to paste there, and how its sender does."""
    api = cli.api()
    path = f"{INTEGRATION.path}/{find(api, INTEGRATION, ref)['id']}"
    shown, health = api.get(path), api.get(f"{path}/health")
    if output == "json":
        show_json(shown | {"health": health})
        return
    names = {member: names_of(api, place, (shown.get(member),)) for member, place in INTEGRATION.references.items()}
    fields = {name: value for name, value in shown.items() if name != "snippets"}
    fields |= {name: by_id.get(shown[name], shown[name]) for name, by_id in names.items() if name in shown}
    show_fields((name.replace("_", " "), value) for name, value in fields.items())
    _show_snippets(shown["snippets"])
    show_line("")
    _show_health(health, cli)


def _show_snippets(snippets: list[Record]) -> None:
    for snippet in snippets:
        show_line(f"\n# {snippet['title']}")
        show_line(snippet["text"])  # ours alone


def _show_health(health: Record, cli: Context) -> None:
    rate = health["error_rate"]
    share = f"{health['set_aside']} of the last {health['received']}"
    show_fields(
        (
            ("last received", when(health["last_received_at"], cli.now)),
            ("set aside", NOTHING if rate is None else f"{share} ({rate:.1%})"),
            ("alert when quiet", _watch(health["quiet_watch"])),
        )
    )
    if health["last"]:
        show_table(("RECEIVED", "BY", "BYTES", "VERDICT", "REASON"), (_row(each) for each in health["last"]))


def _watch(watch: Record | None) -> str:
    if watch is None:
        return "no"
    after = f"after {span(timedelta(seconds=watch['after_seconds']))}"
    return f"{after}; it is quiet now" if watch["is_quiet"] else after


def _row(received: Record) -> tuple[object, ...]:
    at = moment(received["received_at"])
    return at, received["format"], received["size_bytes"], received["verdict"], received["reason"]


@app.command
def watch(ref: str, /, *, after: str | None = None, off: Switch = False, cli: Given) -> None:
    """Open an alert when nothing is heard of an integration for so long; it clears when something is.

    Parameters
    ----------
    ref
        Its name or id.
    after
        For how long, such as 30m, 12h or 2d: five minutes to 30 days.
    off
        Open no such alert any more.
    """
    if (after is None) == (not off):
        raise CommandError("give one of --after and --off", ExitCode.USAGE)
    api = cli.api()
    path = f"{INTEGRATION.path}/{find(api, INTEGRATION, ref)['id']}/quiet-watch"
    if after is None:
        api.delete(path)
        return
    try:
        # The command reads spans as that long ago.
        seconds = int((cli.now - parse_instant(after, cli.now)).total_seconds())
    except ValueError:
        raise CommandError(f"--after is {after!r}: use a span such as 30m, 12h or 2d", ExitCode.USAGE) from None
    api.post(path, {"after_seconds": seconds})


@app.command(name="map")
def map_(ref: str, /, *, file: Annotated[str, Parameter(allow_leading_hyphen=True)], cli: Given) -> None:
    """Say how JSON of any shape becomes events. See docs/integrations.md; try it before.

    Parameters
    ----------
    ref
        Its name or id.
    file
        The mapping as JSON; - is the standard input.
    """
    api = cli.api()
    found = find(api, INTEGRATION, ref)
    api.patch(f"{INTEGRATION.path}/{found['id']}", {"mapping": read_json(file)}, tag=f'"v{found["version"]}"')
    say(f"{found['name']} reads JSON by this mapping from now on")


@app.command(name="try")
def try_(
    ref: str,
    /,
    *,
    file: File = None,
    sample: File = None,
    limit: Annotated[int, Parameter(name=["--limit", "-n"])] = 10,
    output: Output = "table",
    cli: Given,
) -> int:
    """Show what a mapping makes of a body, without storing anything. Exit code 1 when something is refused.

    Parameters
    ----------
    ref
        Its name or id.
    file
        A mapping as JSON; without one, the integration's own. - is the standard input.
    sample
        A body as JSON; without one, the last that the integration was sent.
    limit
        How many of the last: 1 to 50.
    """
    api = cli.api()
    body: Record = {"limit": limit}
    if file is not None:
        body["mapping"] = read_json(file)
    if sample is not None:
        body["sample"] = read_json(sample)
    found = api.post(f"{INTEGRATION.path}/{find(api, INTEGRATION, ref)['id']}/mapping/try", body)
    if output == "json":
        show_json(found)
    else:
        columns = ("RECEIVED", "ACTION", "DEDUP KEY", "SEVERITY", "TITLE")
        show_table(columns, (row for each in found["tried"] for row in _rows(each)))
    return ExitCode.FAILURE if any(each["refused"] for each in found["tried"]) else ExitCode.OK


def _rows(tried: Record) -> list[tuple[object, ...]]:
    at = NOTHING if tried["received_at"] is None else moment(tried["received_at"])
    events: list[tuple[object, ...]] = [
        (at, event["action"], event["dedup_key"], event["severity"], event["summary"]) for event in tried["events"]
    ]
    refused = [(at, "refused", each["pointer"], NOTHING, each["detail"]) for each in tried["refused"]]
    return events + refused or [(at, "ignored", NOTHING, NOTHING, NOTHING)]


@app.command
def edit(
    ref: str,
    /,
    *,
    when_silent: WhenSilent | None = None,
    group_window: GroupWindow = None,
    topic_arn: Topics = (),
    no_topics: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Change how an integration takes what it is sent. What is not given stays as it is.

    Parameters
    ----------
    ref
        Its name or id.
    when_silent
        What becomes of an alert that its sender no longer repeats: keep, or resolve.
    group_window
        For how long an incident that begins takes others of its group; none: as long as it is open.
    topic_arn
        A topic of SNS whose signed messages are taken, for CloudWatch; once for each, in place of those before.
    no_topics
        Take messages of no topic any more.
    """
    if topic_arn and no_topics:
        raise CommandError("give one of --topic-arn and --no-topics", ExitCode.USAGE)
    body: Record = {}
    if when_silent is not None:
        body["when_silent"] = when_silent
    if group_window is not None:
        body["group_window"] = None if group_window == NO_WINDOW else window_body(group_window)
    if topic_arn or no_topics:
        body["topic_arns"] = list(topic_arn)
    if not body:
        raise CommandError("say --when-silent, --group-window, --topic-arn or --no-topics", ExitCode.USAGE)
    api = cli.api()
    found = find(api, INTEGRATION, ref)
    changed = api.patch(f"{INTEGRATION.path}/{found['id']}", body, tag=f'"v{found["version"]}"')
    if output == "json":
        show_json(changed)
        return
    say(f"{changed['name']} is changed")


Most = Annotated[int | None, Parameter(show_default=False)]


@app.command
def limit(
    ref: str,
    /,
    *,
    events_per_minute: Most = None,
    burst: Most = None,
    open_alerts: Most = None,
    as_installed: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Say how much an integration may send. What is not given stays as it is.

    Parameters
    ----------
    ref
        Its name or id.
    events_per_minute
        Events in a minute, in the long run.
    burst
        Events at once.
    open_alerts
        Alerts that may be open; further ones are counted in one alert.
    as_installed
        Have no limits of its own any more: those of the installation hold.
    """
    given = {"events_per_minute": events_per_minute, "event_burst": burst, "open_alerts": open_alerts}
    named: Record = {name: value for name, value in given.items() if value is not None}
    if bool(named) is as_installed:
        raise CommandError("give a limit, or --as-installed", ExitCode.USAGE)
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    changes = dict.fromkeys(given) if as_installed else named
    path = f"{INTEGRATION.path}/{integration['id']}"
    changed = api.patch(path, changes, tag=f'"v{integration["version"]}"')
    if output == "json":
        show_json(changed)
        return
    show_fields((name.replace("_", " "), _limit_shown(changed[name])) for name in ("name", *given))


def _limit_shown(limit: object) -> object:
    return "as installed" if limit is None else limit
