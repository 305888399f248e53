from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.exit_code import ExitCode
from adapters.inbound.cli.files import read_json
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import NOTHING, Output, moment, say, show_json, show_table

INTEGRATION: Final = Noun(
    name="integration",
    plural="integrations",
    path="/v1/integrations",
    columns=("name", "kind", "service_id", "grouping", "is_strict", "id"),
    references={"service_id": "/v1/services", "team_id": "/v1/teams"},
)

app: Final = noun_app(INTEGRATION)
app.help = "Integrations: list, show, map, try."

File = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


@app.command(name="map")
def map_(ref: str, /, *, file: Annotated[str, Parameter(allow_leading_hyphen=True)], cli: Given) -> None:
    """Say how JSON of any shape becomes events. See docs/integrations.md; try it before.

    Parameters
    ----------
    ref
        Its name or id.
    file
        The mapping as JSON; - is the standard input.
    """
    api = cli.api()
    found = find(api, INTEGRATION, ref)
    api.patch(f"{INTEGRATION.path}/{found['id']}", {"mapping": read_json(file)}, tag=f'"v{found["version"]}"')
    say(f"{found['name']} reads JSON by this mapping from now on")


@app.command(name="try")
def try_(
    ref: str,
    /,
    *,
    file: File = None,
    sample: File = None,
    limit: Annotated[int, Parameter(name=["--limit", "-n"])] = 10,
    output: Output = "table",
    cli: Given,
) -> int:
    """Show what a mapping makes of a body, without storing anything. Exit code 1 when something is refused.

    Parameters
    ----------
    ref
        Its name or id.
    file
        A mapping as JSON; without one, the integration's own. - is the standard input.
    sample
        A body as JSON; without one, the last that the integration was sent.
    limit
        How many of the last: 1 to 50.
    """
    api = cli.api()
    body: Record = {"limit": limit}
    if file is not None:
        body["mapping"] = read_json(file)
    if sample is not None:
        body["sample"] = read_json(sample)
    found = api.post(f"{INTEGRATION.path}/{find(api, INTEGRATION, ref)['id']}/mapping/try", body)
    if output == "json":
        show_json(found)
    else:
        columns = ("RECEIVED", "ACTION", "DEDUP KEY", "SEVERITY", "TITLE")
        show_table(columns, (row for each in found["tried"] for row in _rows(each)))
    return ExitCode.FAILURE if any(each["refused"] for each in found["tried"]) else ExitCode.OK


def _rows(tried: Record) -> list[tuple[object, ...]]:
    at = NOTHING if tried["received_at"] is None else moment(tried["received_at"])
    events = [
        (at, event["action"], event["dedup_key"], event["severity"], event["summary"]) for event in tried["events"]
    ]
    refused = [(at, "refused", each["pointer"], NOTHING, each["detail"]) for each in tried["refused"]]
    return events + refused or [(at, "ignored", NOTHING, NOTHING, NOTHING)]
