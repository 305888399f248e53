from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, say, show_json

TEAM: Final = Noun(name="team", plural="teams", path="/v1/teams", columns=("name", "id"))

app: Final = noun_app(TEAM)
app.help = "Teams: list, show, proof."


@app.command
def proof(
    ref: str,
    /,
    *,
    weeks: int | None = None,
    within: int | None = None,
    refuse: Annotated[bool | None, Parameter(negative="--warn")] = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show or set what a team's policies must hold before they are saved.

    Parameters
    ----------
    ref
        Its name or id.
    weeks
        For how many from now on: 1 to 26.
    within
        In how many minutes somebody has to be told.
    refuse
        Whether a policy that does not hold it is refused, or saved with a warning.
    """
    api = cli.api()
    team = find(api, TEAM, ref)
    given = {"weeks": weeks, "within_seconds": None if within is None else within * 60, "refuses": refuse}
    change = {name: value for name, value in given.items() if value is not None}
    if change:
        body = {"proof": team["proof"] | change}
        team = api.patch(f"{TEAM.path}/{team['id']}", body, tag=f'"v{team["version"]}"')
    if output == "json":
        show_json(team["proof"])
        return
    say(_told(team["proof"]))


def _told(proof: Record) -> str:
    otherwise = "is refused" if proof["refuses"] else "is saved with a warning"
    wanted = f"within {proof['within_seconds'] / 60:g} minutes in the next {proof['weeks']} weeks"
    return f"a policy that does not tell somebody {wanted} {otherwise}"
