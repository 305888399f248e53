from typing import Final

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import CONFIGURATION, Given, Several, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.output import Output, say, show_json, show_table
from adapters.inbound.cli.targets import name_of_target, targets_of
from adapters.inbound.cli.teams import TEAM

app: Final = commands_of("fall-back", "Who is paged when nobody else answered.", group=CONFIGURATION)


@app.command
def show(*, team: str | None = None, output: Output = "table", cli: Given) -> None:
    """Show the last resort of the installation, or of a team.

    Parameters
    ----------
    team
        The team's own, by its name or id.
    """
    api = cli.api()
    _show(api, api.get(_path(api, team)), output)


@app.command(name="set")
def set_(
    *,
    user: Several = (),
    schedule: Several = (),
    with_team: Several = (),
    channel: Several = (),
    webhook: Several = (),
    team: str | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Say who is paged when a policy is exhausted that says so. Replaces who it was before.

    Parameters
    ----------
    user
        Somebody, by name, e-mail address or id; may come several times.
    schedule
        Whoever is on call then, by the schedule's name or id; may come several times.
    with_team
        Every member of a team, by its name or id; may come several times.
    channel
        A destination that is a channel or a topic, by its name or id; may come several times.
    webhook
        A destination that is a server, in the same way.
    team
        Whose last resort it is, by name or id; without one, that of the installation.
    """
    api = cli.api()
    targets = [
        *targets_of(api, "schedule", schedule),
        *targets_of(api, "user", user),
        *targets_of(api, "team", with_team),
        *targets_of(api, "channel", channel),
        *targets_of(api, "webhook", webhook),
    ]
    if not targets:
        raise CommandError("name somebody: --user, --schedule, --with-team, --channel or --webhook", ExitCode.USAGE)
    path = _path(api, team)
    _show(api, api.put(path, {"targets": targets}, tag=_present_tag(api, path)), output)
    say("set")


def _path(api: ApiClient, team: str | None) -> str:
    return "/v1/fall-back" if team is None else f"/v1/teams/{find(api, TEAM, team)['id']}/fall-back"


def _present_tag(api: ApiClient, path: str) -> str | None:
    """None: there is none yet."""
    try:
        return f'"v{api.get(path)["version"]}"'
    except CommandError as error:
        if error.exit_code is not ExitCode.NOT_FOUND:
            raise
        return None


def _show(api: ApiClient, fall_back: Record, output: Output) -> None:
    if output == "json":
        show_json(fall_back)
        return
    targets = fall_back["targets"]
    named = ((each["kind"], name_of_target(api, each), each["id"]) for each in targets)
    show_table(("KIND", "NAME", "ID"), named)
