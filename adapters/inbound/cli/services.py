from typing import Final, Literal

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Cursor, Limit, Noun, find, noun_app, show_page
from adapters.inbound.cli.output import Output, say, show_json, show_table

SERVICE: Final = Noun(
    name="service",
    plural="services",
    path="/v1/services",
    columns=("name", "team_id", "policy_id", "urgency_rule", "description", "id"),
    references={"team_id": "/v1/teams", "policy_id": "/v1/policies"},
)
_COLUMNS: Final = ("SERVICE", "FROM SEVERITY", "MUTES", "ID")

app: Final = noun_app(SERVICE)

Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]


@app.command
def dependencies(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show which services one needs itself, by its name or id."""
    api = cli.api()
    found = api.get(f"{_path(api, ref)}/dependencies")
    if output == "json":
        show_json(found)
        return
    show_table(_COLUMNS, map(_row, found["dependencies"]))


@app.command
def dependents(ref: str, /, *, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given) -> None:
    """List who needs a service, by its name or id."""
    api = cli.api()
    page = api.get(f"{_path(api, ref)}/dependents", {"limit": limit, "cursor": cursor})
    show_page(page, output, _COLUMNS, _row)


@app.command
def needs(
    ref: str,
    upstream: str,
    /,
    *,
    from_severity: Severity = "SEV2",
    mutes: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Say that a service needs another one, or say it otherwise.

    Parameters
    ----------
    ref
        The service, by name or id.
    upstream
        The one that it needs, by name or id.
    from_severity
        How severe an incident upstream must be at least.
    mutes
        What begins meanwhile pages nobody until that is over.
    """
    api = cli.api()
    path, upstream_id = _path(api, ref), str(find(api, SERVICE, upstream)["id"])
    wanted = {"service_id": upstream_id, "least_severity": from_severity, "mutes": mutes}
    before = api.get(f"{path}/dependencies")
    kept = _sent(before)
    places = [number for number, each in enumerate(kept) if each["service_id"] == upstream_id]
    if places:
        kept[places[0]] = wanted
    else:
        kept.append(wanted)
    _put(api, path, before, kept, ref, output)


@app.command(name="needs-not")
def needs_not(ref: str, upstream: str, /, *, output: Output = "table", cli: Given) -> None:
    """Say that a service does not need another one any more: what that muted pages, if it still fires.

    Parameters
    ----------
    ref
        The service, by name or id.
    upstream
        The one that it needed, by name or id.
    """
    api = cli.api()
    path, upstream_id = _path(api, ref), find(api, SERVICE, upstream)["id"]
    before = api.get(f"{path}/dependencies")
    kept = [each for each in _sent(before) if each["service_id"] != upstream_id]
    if len(kept) == len(before["dependencies"]):
        raise CommandError(f"{ref!r} does not need {upstream!r}", ExitCode.NOT_FOUND)
    _put(api, path, before, kept, ref, output)


def _path(api: ApiClient, ref: str) -> str:
    return f"{SERVICE.path}/{find(api, SERVICE, ref)['id']}"


def _sent(shown: Record) -> list[Record]:
    """What was shown, as it is sent."""
    return [{name: each[name] for name in ("service_id", "least_severity", "mutes")} for each in shown["dependencies"]]


def _put(api: ApiClient, path: str, before: Record, wanted: list[Record], ref: str, output: Output) -> None:
    made = api.put(f"{path}/dependencies", {"dependencies": wanted}, tag=f'"v{before["version"]}"')
    if output == "json":
        show_json(made)
        return
    names = [each["service_name"] for each in made["dependencies"]]
    say(f"{ref} needs {', '.join(names) or 'no other service'}")


def _row(each: Record) -> tuple[object, ...]:
    return each["service_name"], each["least_severity"], "yes" if each["mutes"] else "no", each["service_id"]
