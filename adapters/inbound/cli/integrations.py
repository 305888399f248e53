from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, show_fields, show_json

INTEGRATION: Final = Noun(
    name="integration",
    plural="integrations",
    path="/v1/integrations",
    columns=("name", "kind", "service_id", "grouping", "is_strict", "id"),
    references={"service_id": "/v1/services", "team_id": "/v1/teams"},
)

app: Final = noun_app(INTEGRATION)
app.help = "Integrations: list, show, limit."

Most = Annotated[int | None, Parameter(show_default=False)]


@app.command
def limit(
    ref: str,
    /,
    *,
    events_per_minute: Most = None,
    burst: Most = None,
    open_alerts: Most = None,
    as_installed: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Say how much an integration may send. What is not given stays as it is.

    Parameters
    ----------
    ref
        Its name or id.
    events_per_minute
        Events in a minute, in the long run.
    burst
        Events at once.
    open_alerts
        Alerts that may be open; further ones are counted in one alert.
    as_installed
        Have no limits of its own any more: those of the installation hold.
    """
    given = {"events_per_minute": events_per_minute, "event_burst": burst, "open_alerts": open_alerts}
    named: Record = {name: value for name, value in given.items() if value is not None}
    if bool(named) is as_installed:
        raise CommandError("give a limit, or --as-installed", ExitCode.USAGE)
    api = cli.api()
    integration = find(api, INTEGRATION, ref)
    changes = dict.fromkeys(given) if as_installed else named
    path = f"{INTEGRATION.path}/{integration['id']}"
    changed = api.patch(path, changes, tag=f'"v{integration["version"]}"')
    if output == "json":
        show_json(changed)
        return
    show_fields((name.replace("_", " "), _shown(changed[name])) for name in ("name", *given))


def _shown(limit: object) -> object:
    return "as installed" if limit is None else limit
