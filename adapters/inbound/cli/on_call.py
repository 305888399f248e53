from typing import Final

from adapters.inbound.cli.context import INCIDENTS, Given, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.output import Output, parse_instant, show_json, show_table, when
from adapters.inbound.cli.teams import TEAM

app: Final = commands_of("oncall", "Who is on call.", group=INCIDENTS)


@app.command
def now(*, at: str | None = None, team: str | None = None, output: Output = "table", cli: Given) -> None:
    """Show who is on call now, or at another time, by schedule.

    Parameters
    ----------
    at
        An ISO date and time, such as 2026-12-24T18:00; without an offset it is this computer's time.
    team
        Only this team's schedules, by its name or id.
    """
    api = cli.api()
    team_id = None if team is None else find(api, TEAM, team)["id"]
    page = api.get("/v1/on-call", {"limit": 200, "at": instant_option("--at", at, cli), "team_id": team_id})
    if output == "json":
        show_json(page)
        return
    show_table(
        ("SCHEDULE", "ON CALL", "UNTIL"),
        (
            (
                each["schedule"]["name"],
                ", ".join(user["name"] for user in each["users"]) or "nobody: a gap",
                when(each["until"], cli.now),
            )
            for each in page["items"]
        ),
    )


def instant_option(name: str, text: str | None, cli: Given) -> str | None:
    """What the API is asked with. Raises `CommandError`."""
    if text is None:
        return None
    try:
        return parse_instant(text, cli.now).isoformat()
    except (ValueError, OverflowError):
        message = f"{name} is {text!r}: use an ISO date and time such as 2026-12-24T18:00, or how long ago, such as 2h"
        raise CommandError(message, ExitCode.USAGE) from None
