from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.context import Context, Given
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.integrations import INTEGRATION
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, say, show_json, show_line

HEARTBEAT: Final = Noun(
    name="heartbeat",
    plural="heartbeats",
    path="/v1/heartbeats",
    columns=("name", "status", "last_success_at", "next_deadline", "integration_id", "id"),
    references={"integration_id": "/v1/integrations"},
)

app: Final = noun_app(HEARTBEAT)
app.help = "Heartbeats: list, show, create, pause, resume, remove."

Seconds = Annotated[int | None, Parameter(help="Expected so long after the last one: at least 10.")]


@app.command
def create(
    name: str,
    /,
    *,
    integration: str,
    every_seconds: Seconds = None,
    cron: str | None = None,
    time_zone: str = "UTC",
    grace_seconds: int = 300,
    post_only: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Expect a sign of life. Prints the address to ping; it is shown only now.

    Parameters
    ----------
    name
        What is to be alive.
    integration
        Of kind heartbeat, by name or id: its service is what is paged for.
    cron
        Instead of a period: five fields, such as "30 3 * * mon-fri".
    time_zone
        Of the cron expression: an IANA name, such as Europe/Berlin.
    grace_seconds
        How late it may be, and how long a run may take.
    post_only
        Let only POST count, so that what looks at links cannot ping.
    """
    if (every_seconds is None) == (cron is None):
        raise CommandError("give --every-seconds or --cron", ExitCode.USAGE)
    api = cli.api()
    expected = {"period_seconds": every_seconds} if cron is None else {"cron": cron}
    made = api.post(
        HEARTBEAT.path,
        {
            "integration_id": find(api, INTEGRATION, integration)["id"],
            "name": name,
            "time_zone": time_zone,
            "grace_seconds": grace_seconds,
            "is_post_only": post_only,
            **expected,
        },
    )
    if output == "json":
        show_json(made)
        return
    say("waited for once it was heard; ping this address, which is shown only now:")
    show_line(f"{api.url}{HEARTBEAT.path}/{made['key']}")


@app.command
def pause(ref: str, /, *, cli: Given) -> None:
    """Wait for a heartbeat no more, until it is heard or resumed."""
    say(f"{_set_paused(cli, ref, is_paused=True)} is not waited for")


@app.command
def resume(ref: str, /, *, cli: Given) -> None:
    """Wait for a heartbeat again, once it was heard."""
    say(f"{_set_paused(cli, ref, is_paused=False)} is waited for once it was heard")


@app.command
def remove(ref: str, /, *, cli: Given) -> None:
    """Forget a heartbeat."""
    api = cli.api()
    heartbeat = find(api, HEARTBEAT, ref)
    api.delete(f"{HEARTBEAT.path}/{heartbeat['id']}")
    say(f"{heartbeat['name']} is forgotten")


def _set_paused(cli: Context, ref: str, *, is_paused: bool) -> str:
    api = cli.api()
    heartbeat = find(api, HEARTBEAT, ref)
    tag = f'"v{heartbeat["version"]}"'
    api.patch(f"{HEARTBEAT.path}/{heartbeat['id']}", {"is_paused": is_paused}, tag=tag)
    return str(heartbeat["name"])
