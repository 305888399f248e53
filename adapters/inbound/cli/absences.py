from typing import Final

from adapters.inbound.cli.client import Record, segment
from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.covers import From, People, To, show_requests
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.listing import Cursor, Limit, find, id_of, ids_of, names_of, say_more
from adapters.inbound.cli.output import Output, moment, say, show_json, show_table
from adapters.inbound.cli.schedules import SCHEDULE
from adapters.inbound.cli.teams import TEAM
from adapters.inbound.cli.users import USER

app: Final = commands_of("absence", "Time off: add, list, remove, uncovered, warnings, ask-cover.", group=INCIDENTS)


@app.command
def add(
    *,
    starts: From,
    ends: To,
    reason: str = "",
    user: str | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Enter time off; it is shown when you are on call all the same.

    Parameters
    ----------
    reason
        What others may know of it.
    user
        Whose it is, for managers; otherwise your own.
    """
    api = cli.api()
    body: dict[str, object] = {
        "starts_at": instant_option("--from", starts, cli),
        "ends_at": instant_option("--to", ends, cli),
        "reason": reason,
    }
    if user is not None:
        body["user_id"] = find(api, USER, user)["id"]
    planned = api.post("/v1/absences", body)
    if output == "json":
        show_json(planned)
        return
    absence_id, uncovered = planned["absence"]["id"], planned["uncovered"]
    if not uncovered:
        say(f"{absence_id}: nothing is left uncovered")
        return
    say(f"{absence_id}: nobody covers what follows; ask with `tocsin absence ask-cover {absence_id}`")
    schedules = names_of(api, "/v1/schedules", (each["schedule_id"] for each in uncovered))
    show_table(("SCHEDULE", "FROM", "TO"), (_time(each, schedules) for each in uncovered))


@app.command(name="list")
def list_(
    *,
    user: str | None = None,
    team: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """List time off that is not over, by its end.

    Parameters
    ----------
    user
        Only this one's, by e-mail address, name or id.
    team
        Only of this team's members, by its name or id.
    """
    api = cli.api()
    query = {
        "user_id": id_of(api, USER, user),
        "team_id": id_of(api, TEAM, team),
        "limit": limit,
        "cursor": cursor,
    }
    page = api.get("/v1/absences", query)
    if output == "json":
        show_json(page)
        return
    names = names_of(api, "/v1/users", (each["user_id"] for each in page["items"]))
    show_table(
        ("WHO", "FROM", "TO", "REASON", "ID"),
        (
            (
                names.get(each["user_id"], each["user_id"]),
                moment(each["starts_at"]),
                moment(each["ends_at"]),
                each["reason"],
                each["id"],
            )
            for each in page["items"]
        ),
    )
    say_more(page)


@app.command
def remove(absence_id: str, /, *, cli: Given) -> None:
    """Take time off back; what is under way ends now."""
    cli.api().delete(f"/v1/absences/{segment(absence_id)}")
    say(f"{absence_id} is taken back")


@app.command
def uncovered(absence_id: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show what of time off nobody covers yet, and who could, the least loaded first."""
    api = cli.api()
    found = api.get(f"/v1/absences/{segment(absence_id)}/uncovered")
    if output == "json":
        show_json(found)
        return
    proposals = found["proposals"]
    schedules = names_of(api, "/v1/schedules", (each["uncovered"]["schedule_id"] for each in proposals))
    names = names_of(api, "/v1/users", (one["user_id"] for each in proposals for one in each["candidates"]))
    show_table(
        ("SCHEDULE", "FROM", "TO", "WHO COULD"),
        (
            (
                *_time(each["uncovered"], schedules),
                ", ".join(names.get(one["user_id"], one["user_id"]) for one in each["candidates"]) or "nobody",
            )
            for each in proposals
        ),
    )
    _say_more(found)


@app.command
def warnings(*, team: str, days: int = 28, output: Output = "table", cli: Given) -> None:
    """Show what time off leaves uncovered on a team's schedules, soonest first.

    Parameters
    ----------
    team
        Its name or id.
    days
        How far ahead to look: 1 to 92.
    """
    api = cli.api()
    found = api.get("/v1/absences/uncovered", {"team_id": find(api, TEAM, team)["id"], "days": days})
    if output == "json":
        show_json(found)
        return
    times = found["uncovered"]
    schedules = names_of(api, "/v1/schedules", (each["schedule_id"] for each in times))
    names = names_of(api, "/v1/users", (each["user_id"] for each in times))
    show_table(
        ("SCHEDULE", "FROM", "TO", "WHO", "ABSENCE"),
        ((*_time(each, schedules), names.get(each["user_id"], each["user_id"]), each["absence_id"]) for each in times),
    )
    _say_more(found)


@app.command
def ask_cover(
    absence_id: str,
    /,
    *,
    of: People = (),
    schedule: str | None = None,
    note: str = "",
    output: Output = "table",
    cli: Given,
) -> None:
    """Ask for cover of everything that time off leaves uncovered: one request for each interval.

    Parameters
    ----------
    schedule
        Only of this schedule, by its name or id.
    note
        What to tell those who are asked.
    """
    api = cli.api()
    body: dict[str, object] = {"asked_of": ids_of(api, USER, of), "note": note}
    if schedule is not None:
        body["schedule_id"] = find(api, SCHEDULE, schedule)["id"]
    made = api.post(f"/v1/absences/{segment(absence_id)}/request-cover", body)
    if output == "json":
        show_json(made)
        return
    show_requests(api, made["requests"])


def _time(uncovered: Record, schedules: dict[str, str]) -> tuple[str, str, str]:
    schedule_id = str(uncovered["schedule_id"])
    return schedules.get(schedule_id, schedule_id), moment(uncovered["starts_at"]), moment(uncovered["ends_at"])


def _say_more(found: Record) -> None:
    if found["has_more"]:
        say("there are more, later ones: these come first")
