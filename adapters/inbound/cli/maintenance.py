from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import segment
from adapters.inbound.cli.context import INCIDENTS, Given, Several, commands_of
from adapters.inbound.cli.listing import Cursor, Limit, find, id_of, ids_of, show_page
from adapters.inbound.cli.output import NOTHING, Output, say, show_json, when
from adapters.inbound.cli.services import SERVICE
from adapters.inbound.cli.teams import TEAM

PATH: Final = "/v1/maintenance"

app: Final = commands_of("maintenance", "Planned times in which services page nobody.", group=INCIDENTS)


@app.command
def add(
    name: str,
    /,
    *,
    team: str,
    zone: str,
    starts: str,
    minutes: int,
    burns_budget: Annotated[bool, Parameter(negative="--spares-budget")],
    recurrence: str | None = None,
    service: Several = (),
    matchers: str = "",
    output: Output = "table",
    cli: Given,
) -> None:
    """Plan maintenance, once or again and again.

    Parameters
    ----------
    team
        Whose services, by its name or id.
    zone
        An IANA name, such as Europe/Berlin.
    starts
        Its first time on the wall clock there, such as 2026-12-24T22:00.
    minutes
        How long it lasts.
    burns_budget
        Whether what breaks meanwhile counts against an objective; one of the two must be said.
    recurrence
        Such as 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU'.
    service
        Only this one, by name or id; may come several times.
    matchers
        Only alerts that these hold for, such as 'env="prod"'.
    """
    api = cli.api()
    body = {
        "team_id": find(api, TEAM, team)["id"],
        "name": name,
        "time_zone": zone,
        "starts_at": starts,
        "duration_seconds": minutes * 60,
        "burns_error_budget": burns_budget,
        "recurrence": recurrence,
        "service_ids": ids_of(api, SERVICE, service),
        "matchers": matchers,
    }
    made = api.post(PATH, body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['id']}: planned")


@app.command(name="list")
def list_(
    *, team: str | None = None, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given
) -> None:
    """List what is not over.

    Parameters
    ----------
    team
        Only this team's, by its name or id.
    """
    api = cli.api()
    page = api.get(PATH, {"team_id": id_of(api, TEAM, team), "limit": limit, "cursor": cursor})
    show_page(
        page,
        output,
        ("NAME", "STARTS", "ZONE", "MINUTES", "AGAIN", "HOLDS UNTIL", "BUDGET", "ID"),
        lambda each: (
            each["name"],
            each["starts_at"],
            each["time_zone"],
            each["duration_seconds"] // 60,
            each["recurrence"] or "once",
            NOTHING if each["holds_until"] is None else when(each["holds_until"], cli.now),
            "burns" if each["burns_error_budget"] else "spares",
            each["id"],
        ),
    )


@app.command
def end(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """End one for good, now, by its id: what still fires pages."""
    ended = cli.api().post(f"{PATH}/{segment(ref)}/end")
    if output == "json":
        show_json(ended)
    say(f"{ended['id']}: over")
