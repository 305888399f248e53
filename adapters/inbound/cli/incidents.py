from collections.abc import Sequence
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from adapters.inbound.cli.client import Query, Record, segment
from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.instants import ahead, instant_option
from adapters.inbound.cli.listing import Cursor, Limit, find, id_of, ids_of, say_more, show_page
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
from adapters.inbound.cli.policies import POLICY
from adapters.inbound.cli.services import SERVICE
from adapters.inbound.cli.teams import TEAM
from adapters.inbound.cli.users import USER
from adapters.plain_text import one_line

app: Final = commands_of("incident", "Incidents: list, show, create, and what is done with them.", group=INCIDENTS)

People = Annotated[tuple[str, ...], Parameter(name="--to", help="E-mail address, name or id; once for each.")]

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
        "service_id": id_of(api, SERVICE, service),
        "team_id": id_of(api, TEAM, team),
        "since": instant_option("--since", since, cli),
        "limit": limit,
        "cursor": cursor,
    }
    page = api.get("/v1/incidents", query)
    show_page(
        page,
        output,
        ("INCIDENT", "SEVERITY", "STATUS", "SERVICE", "TITLE", "AGE", "WHO", "NEXT ESCALATION"),
        lambda each: (
            each["reference"],
            each["severity"],
            each["status"],
            each["service"]["name"],
            each["title"],
            age(each["triggered_at"], cli.now),
            name_of(each["resolved_by"] or each["acknowledged_by"]),
            _next_escalation(each, cli),
        ),
    )


@app.command
def stalled(*, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given) -> int:
    """List open incidents that nothing will happen to, oldest first, and why. Exit code 1 when there are any."""
    page = cli.api().get("/v1/incidents/stalled", {"limit": limit, "cursor": cursor})
    if output == "json":
        show_json(page)
    elif page["items"]:
        show_table(
            ("INCIDENT", "SEVERITY", "STATUS", "SERVICE", "TITLE", "AGE", "REASON"),
            (
                (
                    each["reference"],
                    each["severity"],
                    each["status"],
                    each["service"]["name"],
                    each["title"],
                    age(each["triggered_at"], cli.now),
                    each["explanation"],
                )
                for each in page["items"]
            ),
        )
        say_more(page)
    else:
        say("no incident has stalled")
    return ExitCode.FAILURE if page["items"] else ExitCode.OK


@app.command
def show(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show an incident, its alerts, what happened, and who was told how.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    """
    api = cli.api()
    path = _path(ref)
    incident: Record = api.get(path)
    alerts = list(api.each(f"{path}/alerts", most=_ENTRIES))
    timeline = list(api.each(f"{path}/timeline", most=_ENTRIES))
    deliveries = list(api.each(f"{path}/deliveries", most=_ENTRIES))
    if output == "json":
        show_json({**incident, "alerts": alerts, "timeline": timeline, "deliveries": deliveries})
        return
    _show_header(incident, cli)
    _show_alerts(alerts)
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
                name_of(each["user"] or each["destination"]),
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


def _show_alerts(alerts: Sequence[Record]) -> None:
    if not alerts:
        return
    show_line("\nAlerts")
    show_table(
        ("SINCE", "STATUS", "TIMES", "SUMMARY", "SOURCE", "LABELS", "EVENT"),
        (
            (
                moment(each["first_seen_at"]),
                each["status"],
                each["occurrences"],
                each["summary"],
                each["source"],
                ", ".join(f"{name}={value}" for name, value in each["labels"].items()),
                each["event_id"],
            )
            for each in alerts
        ),
    )


@app.command
def ack(*refs: str, output: Output = "table", cli: Given) -> None:
    """Take incidents, which stops their escalation.

    Parameters
    ----------
    refs
        INC-123, 123 or an id; one or several, as for every verb that acts.
    """
    _act(cli, refs, "acknowledge", None, output)


@app.command
def unack(*refs: str, output: Output = "table", cli: Given) -> None:
    """Give incidents back: nobody has them, and they page again."""
    _act(cli, refs, "unacknowledge", None, output)


@app.command(name="take-over")
def take_over(*refs: str, output: Output = "table", cli: Given) -> None:
    """Become the owner of incidents that somebody else has."""
    _act(cli, refs, "take-over", None, output)


@app.command
def snooze(*refs: str, until: str, output: Output = "table", cli: Given) -> None:
    """Acknowledge incidents until then, when they page again.

    Parameters
    ----------
    until
        In how long, such as 2h or 1d, or an ISO date and time.
    """
    _act(cli, refs, "snooze", {"until": ahead("--until", until, cli)}, output)


@app.command
def escalate(*refs: str, step: int | None = None, output: Output = "table", cli: Given) -> None:
    """Have the next step's turn come now.

    Parameters
    ----------
    step
        The step of this number instead, counted from 1.
    """
    _act(cli, refs, "escalate", {} if step is None else {"step": step}, output)


@app.command
def reassign(*refs: str, to: People = (), policy: str | None = None, output: Output = "table", cli: Given) -> None:
    """Give incidents to people, who are paged at once, or to another policy, which begins at once.

    Parameters
    ----------
    policy
        The name or id of a policy, instead of people.
    """
    api = cli.api()
    body: Record = {"users": ids_of(cli.api(), USER, to)}
    if policy is not None:
        body["policy_id"] = find(api, POLICY, policy)["id"]
    _act(cli, refs, "reassign", body, output)


@app.command(name="add-responder")
def add_responder(*refs: str, to: People, output: Output = "table", cli: Given) -> None:
    """Ask people to help, whoever has the incidents. They are paged at once."""
    _act(cli, refs, "responders", {"users": ids_of(cli.api(), USER, to)}, output)


@app.command
def accept(*refs: str, output: Output = "table", cli: Given) -> None:
    """Say yes to having been asked to help."""
    _act(cli, refs, "accept", None, output)


@app.command
def decline(*refs: str, output: Output = "table", cli: Given) -> None:
    """Say no to having been asked to help, or no longer."""
    _act(cli, refs, "decline", None, output)


@app.command
def resolve(*refs: str, output: Output = "table", cli: Given) -> None:
    """End incidents. Their alerts are cleared with them."""
    _act(cli, refs, "resolve", None, output)


@app.command
def reopen(*refs: str, output: Output = "table", cli: Given) -> None:
    """Trigger incidents again that were not over: within 7 days, and only while no other is open for their group."""
    _act(cli, refs, "reopen", None, output)


@app.command
def severity(
    *refs: str, to: Literal["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"], output: Output = "table", cli: Given
) -> None:
    """Grade incidents anew. Those that become urgent while nobody has them page again."""
    _act(cli, refs, "severity", {"severity": to}, output)


@app.command(name="raise")
def raise_(*refs: str, output: Output = "table", cli: Given) -> None:
    """Have incidents wake people after all."""
    _act(cli, refs, "raise-urgency", None, output)


@app.command
def retitle(ref: str, title: str, /, *, output: Output = "table", cli: Given) -> None:
    """Say better what an incident is.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    title
        The new title, in quotes.
    """
    _act(cli, (ref,), "title", {"title": title}, output)


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
def ledger(
    ref: str,
    /,
    *,
    format_: Annotated[Literal["jsonl", "csv"], Parameter(name="--format")] = "jsonl",
    cli: Given,
) -> None:
    """Print every message about an incident: intent, attempts, receipt, acknowledgement.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    format_
        A message a line as JSON, or an attempt a line as CSV.
    """
    for number, text in enumerate(cli.api().texts(f"{_path(ref)}/ledger", {"format": format_})):
        # Each page of a CSV has the head. The rest stays as it is: a cell may hold a line break.
        shown = text.partition("\n")[2] if number and format_ == "csv" else text
        if shown:
            show_line(shown.removesuffix("\n").removesuffix("\r"))


@app.command
def explain(ref: str, /, *, user: str | None = None, output: Output = "table", cli: Given) -> None:
    """Explain why you were paged for an incident, or why not: from the alert to the acknowledgement.

    Parameters
    ----------
    ref
        INC-123, 123 or an id.
    user
        Whose question it is instead: e-mail address, name or id.
    """
    api = cli.api()
    found: Record = api.get(f"{_path(ref)}/explanation", {"user": id_of(api, USER, user)})
    if output == "json":
        show_json(found)
        return
    was = "was paged" if found["was_paged"] else "was not paged"
    show_line(f"{one_line(found['user']['name'])} {was} for {_headline(found['incident'])}")
    if found["why_not"] is not None:
        show_line(f"Why not: {found['why_not']['text']}")
    _show_chain(found["because"])
    for page in found["pages"]:
        delivery = page["delivery"]
        show_line(f"\nPage by {delivery['channel']} to {one_line(delivery['address'])}: {delivery['status']}")
        _show_chain(page["because"])
    if found["has_more"]:
        say(f"there are more pages: tocsin incident ledger {found['incident']['reference']}")


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


def _show_chain(links: Sequence[Record]) -> None:
    show_table(("WHEN", "WHY"), ((moment(link["at"]), link["text"]) for link in links))


def _act(cli: Given, refs: tuple[str, ...], action: str, body: Record | None, output: Output) -> None:
    """On one incident by its own resource; on several in one request, with a line for each.

    Raises `CommandError`, for several also when some of them failed.
    """
    if not refs:
        raise CommandError("say which: INC-123, 123 or an id, one or several", ExitCode.USAGE)
    if len(refs) == 1:
        _show_changed(cli.api().post(f"{_path(refs[0])}/{action}", body), output)
        return
    answer = cli.api().post("/v1/incidents/bulk", {"action": action, "ids": list(refs), "arguments": body or {}})
    if output == "json":
        show_json(answer)
    else:
        for item in answer["items"]:
            done = item["incident"]
            say(f"{done['reference']} is {done['status']}" if done else f"{item['ref']}: {item['problem']['detail']}")
    if answer["failed"]:
        raise CommandError(f"{answer['failed']} of {len(answer['items'])} could not be done", ExitCode.FAILURE)


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
            ("priority", incident["priority"]),
            ("about", incident["service_description"]),
            ("runbook", incident["runbook_url"]),
            ("triggered", when(incident["triggered_at"], cli.now)),
            ("acknowledged", _done(incident, "acknowledged", cli)),
            ("acknowledgements", _acknowledgements(incident["acknowledgements"])),
            ("snoozed until", when(incident["snoozed_until"], cli.now) if incident["snoozed_until"] else ""),
            ("responders", ", ".join(f"{name_of(each['user'])} ({each['answer']})" for each in incident["responders"])),
            ("resolved", _done(incident, "resolved", cli)),
            ("next escalation", _next_escalation(incident, cli)),
            ("may be caused by", "; ".join(map(_cause, incident["may_be_caused_by"]))),
            ("muted", "" if incident["muted"] is None else incident["muted"]["reason"]),
            ("takes alerts", _takes_alerts(incident, cli)),
            ("trace", incident["trace_id"]),
            ("id", incident["id"]),
        )
    )


def _takes_alerts(incident: Record, cli: Given) -> str:
    """For how long, where its group has a window."""
    if incident["followed_by"] is not None:
        return f"no more, {incident['followed_by']['reference']} does"
    until = incident["takes_alerts_until"]
    if until is None or incident["status"] == "resolved":
        return ""
    return f"until {when(until, cli.now)}"


def _cause(cause: Record) -> str:
    """By its service, and those on the way up to it where it is not the next one."""
    by_way_of = ", ".join(one_line(each) for each in cause["way"][1:-1])
    way = f", which it needs by way of {by_way_of}" if by_way_of else ""
    return f"{cause['reference']} of {one_line(cause['service']['name'])} ({one_line(cause['title'])}){way}"


def _headline(incident: Record) -> str:
    return f"{incident['reference']}  {incident['severity']}  {incident['status']}  {one_line(incident['title'])}"


def _done(incident: Record, what: str, cli: Given) -> str:
    if incident[f"{what}_at"] is None:
        return ""
    who = incident[f"{what}_by"]
    return when(incident[f"{what}_at"], cli.now) + (f" by {name_of(who)}" if who else "")


def _acknowledgements(acknowledgements: Record) -> str:
    """Of an incident that needs several; of any other `acknowledged` says it all."""
    if acknowledgements["required"] == 1:
        return ""
    given = ", ".join(f"{name_of(each['user'])} at {moment(each['at'])}" for each in acknowledgements["given"])
    count = f"{len(acknowledgements['given'])} of {acknowledgements['required']}"
    missing = f", {acknowledgements['missing']} still missing" if acknowledgements["missing"] else ""
    return count + (f": {given}" if given else "") + missing


def _next_escalation(incident: Record, cli: Given) -> str:
    muted = incident["muted"]
    if muted is not None and incident["status"] == "triggered":
        return "muted" if muted["until"] is None else f"muted, ends {relative(muted['until'], cli.now)}"
    if incident["next_escalation_at"] is not None:
        return relative(incident["next_escalation_at"], cli.now)
    return str(incident["escalation"] or NOTHING)


def _last_outcome(delivery: Record) -> str:
    if not delivery["attempts"]:
        return NOTHING
    last = delivery["attempts"][-1]
    return f"{last['outcome']}: {last['detail']}" if last["detail"] else str(last["outcome"])
