from typing import Final, Literal

from adapters.inbound.cli.client import Query, Record, segment
from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.listing import Cursor, Limit, find, say_more
from adapters.inbound.cli.on_call import instant_option
from adapters.inbound.cli.output import (
    NOTHING,
    Output,
    age,
    moment,
    name_of,
    relative,
    say,
    show_fields,
    show_json,
    show_line,
    show_table,
    when,
)
from adapters.inbound.cli.services import SERVICE
from adapters.inbound.cli.teams import TEAM
from adapters.plain_text import one_line

app: Final = commands_of("incident", "Incidents: list, show, ack, resolve, note, create.", group=INCIDENTS)

_ENTRIES: Final = 1000  # of the timeline and of the deliveries that `show` fetches


@app.command(name="list")
def list_(
    *,
    status: str = "open",
    severity: str | None = None,
    service: str | None = None,
    team: str | None = None,
    since: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """List incidents, newest first.

    Parameters
    ----------
    status
        open, all, or one or several of triggered, acknowledged and resolved, separated by commas.
    severity
        One or several of SEV1 to SEV5, separated by commas.
    service
        Its name or id.
    team
        Its name or id.
    since
        How long ago, such as 2h or 7d, or an ISO date and time.
    """
    api = cli.api()
    query: Query = {
        "status": None if status == "all" else status,
        "severity": severity,
        "service_id": None if service is None else find(api, SERVICE, service)["id"],
        "team_id": None if team is None else find(api, TEAM, team)["id"],
        "since": instant_option("--since", since, cli),
        "limit": limit,
        "cursor": cursor,
    }
    page = api.get("/v1/incidents", query)
    if output == "json":
        show_json(page)
        return
    show_table(
        ("INCIDENT", "SEVERITY", "STATUS", "SERVICE", "TITLE", "AGE", "WHO", "NEXT ESCALATION"),
        (
            (
                each["reference"],
                each["severity"],
                each["status"],
                each["service"]["name"],
                each["title"],
                age(each["triggered_at"], cli.now),
                name_of(each["resolved_by"] or each["acknowledged_by"]),
                _next_escalation(each, cli),
            )
            for each in page["items"]
        ),
    )
    say_more(page)


@app.command
def show(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show an incident, what happened, and who was told how.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    """
    api = cli.api()
    path = _path(ref)
    incident: Record = api.get(path)
    timeline = list(api.each(f"{path}/timeline", most=_ENTRIES))
    deliveries = list(api.each(f"{path}/deliveries", most=_ENTRIES))
    if output == "json":
        show_json({**incident, "timeline": timeline, "deliveries": deliveries})
        return
    _show_header(incident, cli)
    show_line("\nTimeline")
    show_table(("WHEN", "WHAT"), ((moment(entry["at"]), entry["text"]) for entry in timeline))
    if not deliveries:
        return
    show_line("\nDeliveries")
    show_table(
        ("WHEN", "WHO", "CHANNEL", "ADDRESS", "FOR", "STEP", "STATUS", "TRIES", "LAST OUTCOME"),
        (
            (
                moment(each["created_at"]),
                each["user"]["name"],
                each["channel"],
                each["address"],
                each["purpose"],
                f"{each['step']} of round {each['round']}",
                each["status"],
                len(each["attempts"]),
                _last_outcome(each),
            )
            for each in deliveries
        ),
    )


@app.command
def ack(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Take an incident, which stops its escalation.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    """
    _show_changed(cli.api().post(f"{_path(ref)}/acknowledge"), output)


@app.command
def resolve(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """End an incident. Its alerts are cleared with it.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    """
    _show_changed(cli.api().post(f"{_path(ref)}/resolve"), output)


@app.command
def move(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Let an incident's escalation go on by the newest version of its policy.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    """
    incident = cli.api().post(f"{_path(ref)}/escalation/move")
    if output == "json":
        show_json(incident)
        return
    say(f"{incident['reference']} goes on by the newest version of its policy")


@app.command
def note(ref: str, text: str, /, *, output: Output = "table", cli: Given) -> None:
    """Add a note to the timeline of an incident.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    text
        The note, in quotes.
    """
    incident = cli.api().post(f"{_path(ref)}/notes", {"note": text})
    if output == "json":
        show_json(incident)
        return
    say(f"noted on {incident['reference']}")


@app.command
def create(
    *,
    service: str,
    title: str,
    severity: Literal["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"] = "SEV3",
    output: Output = "table",
    cli: Given,
) -> None:
    """Declare an incident: its service's escalation policy pages at once.

    Parameters
    ----------
    service
        Its name or id.
    title
        What is wrong, in one line.
    severity
        How bad it is; SEV1 is the worst.
    """
    api = cli.api()
    body = {"service_id": find(api, SERVICE, service)["id"], "title": title, "severity": severity}
    _show_changed(api.post("/v1/incidents", body), output)


def _path(ref: str) -> str:
    return f"/v1/incidents/{segment(ref)}"


def _show_changed(incident: Record, output: Output) -> None:
    if output == "json":
        show_json(incident)
        return
    who = incident["resolved_by"] or incident["acknowledged_by"]
    say(f"{incident['reference']} is {incident['status']}" + (f" by {name_of(who)}" if who else ""))


def _show_header(incident: Record, cli: Given) -> None:
    show_line(_headline(incident))
    show_fields(
        (
            ("service", incident["service"]["name"]),
            ("team", incident["team"]["name"]),
            ("about", incident["service_description"]),
            ("runbook", incident["runbook_url"]),
            ("triggered", when(incident["triggered_at"], cli.now)),
            ("acknowledged", _done(incident, "acknowledged", cli)),
            ("resolved", _done(incident, "resolved", cli)),
            ("next escalation", _next_escalation(incident, cli)),
            ("id", incident["id"]),
        )
    )


def _headline(incident: Record) -> str:
    return f"{incident['reference']}  {incident['severity']}  {incident['status']}  {one_line(incident['title'])}"


def _done(incident: Record, what: str, cli: Given) -> str:
    if incident[f"{what}_at"] is None:
        return ""
    who = incident[f"{what}_by"]
    return when(incident[f"{what}_at"], cli.now) + (f" by {name_of(who)}" if who else "")


def _next_escalation(incident: Record, cli: Given) -> str:
    if incident["next_escalation_at"] is not None:
        return relative(incident["next_escalation_at"], cli.now)
    return str(incident["escalation"] or NOTHING)


def _last_outcome(delivery: Record) -> str:
    if not delivery["attempts"]:
        return NOTHING
    last = delivery["attempts"][-1]
    return f"{last['outcome']}: {last['detail']}" if last["detail"] else str(last["outcome"])
