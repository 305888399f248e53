from typing import Final

from adapters.inbound.cli.client import segment
from adapters.inbound.cli.context import CONFIGURATION, Given, Several, commands_of
from adapters.inbound.cli.listing import Cursor, Limit, find, id_of, show_page
from adapters.inbound.cli.output import NOTHING, Output, say, show_json
from adapters.inbound.cli.teams import TEAM

PATH: Final = "/v1/inhibitions"

app: Final = commands_of("inhibition", "Alerts that mute those that follow from them.", group=CONFIGURATION)


@app.command
def add(
    name: str,
    /,
    *,
    team: str,
    source: str,
    target: str,
    equal: Several = (),
    output: Output = "table",
    cli: Given,
) -> None:
    """Say which alerts say it all.

    Parameters
    ----------
    team
        Whose alerts, by its name or id.
    source
        While an alert that these matchers hold for fires, such as 'alertname="HostDown"',
    target
        those that these hold for page nobody, such as 'severity=~"warning|info"',
    equal
        if this label has the same value in both; may come several times.
    """
    api = cli.api()
    body = {
        "team_id": find(api, TEAM, team)["id"],
        "name": name,
        "source": source,
        "target": target,
        "equal": list(equal),
    }
    made = api.post(PATH, body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['id']}: for alerts that begin to fire from now on")


@app.command(name="list")
def list_(
    *, team: str | None = None, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given
) -> None:
    """List inhibitions, by name.

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
        ("NAME", "WHILE", "MUTED", "EQUAL", "ID"),
        lambda each: (each["name"], each["source"], each["target"], ", ".join(each["equal"]) or NOTHING, each["id"]),
    )


@app.command
def remove(ref: str, /, *, cli: Given) -> None:
    """Take one back, by its id: what it mutes pages, if it still fires."""
    cli.api().delete(f"{PATH}/{segment(ref)}")
    say("removed")
