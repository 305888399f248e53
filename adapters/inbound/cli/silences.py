from typing import Final

from adapters.inbound.cli.client import segment
from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.instants import ahead
from adapters.inbound.cli.listing import Cursor, Limit, id_of, names_of, say_more
from adapters.inbound.cli.output import Output, say, show_fields, show_json, show_table, when
from adapters.inbound.cli.rehearsals import show_rehearsed
from adapters.inbound.cli.teams import TEAM

PATH: Final = "/v1/silences"

app: Final = commands_of("silence", "Labels whose alerts page nobody for a while.", group=INCIDENTS)


@app.command
def add(
    matchers: str,
    /,
    *,
    until: str,
    comment: str,
    starts: str | None = None,
    team: str | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Keep alerts from paging until then. Incidents that are open already go on.

    Parameters
    ----------
    matchers
        As Alertmanager writes them, such as 'app="shop", env=~"prod|stage"'.
    until
        In how long, such as 2h or 1d, or an ISO date and time. What still fires then pages.
    comment
        Why, for whoever wonders.
    starts
        Not now, but then.
    team
        Only alerts of this team's services, by its name or id.
    """
    api = cli.api()
    body = {
        "matchers": matchers,
        "comment": comment,
        "ends_at": ahead("--until", until, cli),
        "starts_at": None if starts is None else ahead("--starts", starts, cli),
        "team_id": id_of(api, TEAM, team),
    }
    made = api.post(PATH, body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['id']}: silent until {when(made['ends_at'], cli.now)}")


@app.command(name="list")
def list_(
    *, team: str | None = None, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given
) -> None:
    """List silences that are not over, by their end.

    Parameters
    ----------
    team
        Only this team's own, by its name or id.
    """
    api = cli.api()
    page = api.get(PATH, {"team_id": id_of(api, TEAM, team), "limit": limit, "cursor": cursor})
    if output == "json":
        show_json(page)
        return
    names = names_of(api, "/v1/users", (each["author_id"] for each in page["items"]))
    show_table(
        ("MATCHERS", "STATE", "UNTIL", "BY", "COMMENT", "ID"),
        (
            (
                each["matchers"],
                each["state"],
                when(each["ends_at"], cli.now),
                names.get(each["author_id"], each["author_id"]),
                each["comment"],
                each["id"],
            )
            for each in page["items"]
        ),
    )
    say_more(page)


@app.command(name="try")
def try_(matchers: str, /, *, days: int = 7, team: str | None = None, output: Output = "table", cli: Given) -> None:
    """Show what a silence would have kept from paging in the last days, before it is made.

    Parameters
    ----------
    matchers
        As for `tocsin silence add`.
    days
        How far back to look: 30 at most.
    team
        Only alerts of this team's services, by its name or id.
    """
    api = cli.api()
    found = api.post(f"{PATH}/try", {"matchers": matchers, "team_id": id_of(api, TEAM, team), "days": days})
    show_rehearsed(found, output, cli)


@app.command
def show(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show one, by its id."""
    found = cli.api().get(f"{PATH}/{segment(ref)}")
    if output == "json":
        show_json(found)
        return
    show_fields((member.replace("_", " "), found[member]) for member in found)


@app.command
def expire(*refs: str, output: Output = "table", cli: Given) -> None:
    """End silences now, by their ids: what still fires pages."""
    api = cli.api()
    ended = [api.post(f"{PATH}/{segment(ref)}/expire") for ref in refs]
    if output == "json":
        show_json(ended)
    for each in ended:
        say(f"{each['id']}: over")
