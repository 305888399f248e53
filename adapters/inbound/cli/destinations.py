from typing import Final, Literal

from adapters.inbound.cli.agreement import require_agreement
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.issued import show_issued
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, say, show_json
from adapters.inbound.cli.teams import TEAM

DESTINATION: Final = Noun(
    name="destination",
    plural="destinations",
    path="/v1/destinations",
    columns=("name", "kind", "team_id", "address", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(DESTINATION)
app.help = "What policies tell beside people: channels, topics, servers of a team."


@app.command
def create(
    name: str,
    /,
    *,
    team: str,
    kind: Literal["slack_channel", "ntfy_topic", "webhook"],
    address: str,
    output: Output = "table",
    cli: Given,
) -> None:
    """Name one, for policies to tell. The secret that webhooks are signed with is shown this once.

    Parameters
    ----------
    name
        What policies call it.
    team
        Whose it is, by name or id.
    kind
        slack_channel, ntfy_topic or webhook.
    address
        The id of a Slack channel, an ntfy topic or its URL, or the URL of a webhook.
    """
    api = cli.api()
    body = {"name": name, "team_id": find(api, TEAM, team)["id"], "kind": kind, "address": address}
    show_issued(api.post(DESTINATION.path, body), "destination", output)


@app.command
def edit(
    ref: str,
    /,
    *,
    name: str | None = None,
    address: str | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Give one another name or address.

    Parameters
    ----------
    ref
        Its name or id.
    name
        What policies call it from now on.
    address
        Where it is from now on.
    """
    given = {"name": name, "address": address}
    body = {member: value for member, value in given.items() if value is not None}
    if not body:
        raise CommandError("say --name, --address or both", ExitCode.USAGE)
    api = cli.api()
    found = find(api, DESTINATION, ref)
    changed = api.patch(f"{DESTINATION.path}/{found['id']}", body, tag=f'"v{found["version"]}"')
    if output == "json":
        show_json(changed)
        return
    say(f"{changed['name']} is changed")


@app.command
def delete(ref: str, /, *, yes: Switch = False, cli: Given) -> None:
    """Do without one that no policy and no last resort names.

    Parameters
    ----------
    ref
        Its name or id.
    yes
        Do not ask.
    """
    api = cli.api()
    found = find(api, DESTINATION, ref)
    require_agreement(f"delete {found['name']}", yes=yes)
    api.delete(f"{DESTINATION.path}/{found['id']}")
    say(f"{found['name']} is deleted")


@app.command(name="rotate-secret")
def rotate_secret(ref: str, /, *, overlap_seconds: int = 86_400, output: Output = "table", cli: Given) -> None:
    """Give a webhook a new secret; the old one signs as well until the overlap ends.

    Parameters
    ----------
    ref
        Its name or id.
    overlap_seconds
        How long the old one goes on; 0 when it has leaked.
    """
    api = cli.api()
    path = f"{DESTINATION.path}/{find(api, DESTINATION, ref)['id']}/rotate-secret"
    show_issued(api.post(path, {"overlap_seconds": overlap_seconds}), "destination", output)
