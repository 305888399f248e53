"""Rules that say what becomes of events, as a whole from a file or one at a time."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from cyclopts import Parameter

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import CONFIGURATION, Given, Several, Switch, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.group_windows import NO_WINDOW, GroupWindow, ruled_window_body, window_text
from adapters.inbound.cli.integrations import INTEGRATION
from adapters.inbound.cli.listing import Cursor, Limit, find, id_of, show_page
from adapters.inbound.cli.output import Output, say, show_json, show_table, when
from adapters.inbound.cli.rehearsals import show_rehearsed
from adapters.inbound.cli.services import SERVICE
from adapters.inbound.cli.teams import TEAM

_SAID: Final = (
    "service_id",
    "severity",
    "urgency",
    "title",
    "runbook_url",
    "delay_seconds",
    "reopen_within_seconds",
    "resolve_after_seconds",
)
app: Final = commands_of("routing", "Rules that say what becomes of events.", group=CONFIGURATION)

Team = Annotated[str | None, Parameter(help="Those of a team, by name or id.")]
Integration = Annotated[str | None, Parameter(help="Those of an integration, by name or id.")]
Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]


@app.command
def show(
    *,
    team: Team = None,
    integration: Integration = None,
    version: int | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show rules in the order that they are asked in; without an owner, the organisation's.

    Parameters
    ----------
    version
        As they were then.
    """
    api = cli.api()
    found = api.get(_path(api, team, integration), {"version": version})
    if output == "json":
        show_json(found)
        return
    show_table(
        ("RULE", "WHERE", "DOES", "THEN", "DROPPED"),
        (
            (
                rule["name"],
                rule["matchers"] or "(everything)",
                ", ".join(_does(rule)) or "nothing",
                "goes on" if rule["continue"] else "ends",
                found["drops"].get(rule["name"], {}).get("dropped", 0),
            )
            for rule in found["rules"]
        ),
    )


@app.command
def versions(
    *,
    team: Team = None,
    integration: Integration = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show how rules were changed, the last change first."""
    api = cli.api()
    page = api.get(f"{_path(api, team, integration)}/versions", {"limit": limit, "cursor": cursor})
    show_page(
        page,
        output,
        ("VERSION", "SAVED", "RULES"),
        lambda each: (each["version"], when(each["saved_at"], cli.now), len(each["rules"])),
    )


@app.command(name="set")
def set_(
    *,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    team: Team = None,
    integration: Integration = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Replace all rules by those of a file.

    Parameters
    ----------
    file
        JSON: a list of rules, or what `tocsin routing show -o json` printed; - is the standard input.
    """
    api = cli.api()
    present = _present(api, team, integration)
    _put(api, present, _rules_in(file), output)


@app.command
def add(
    name: str,
    /,
    *,
    matchers: str = "",
    service: str | None = None,
    severity: Severity | None = None,
    urgency: Literal["high", "low"] | None = None,
    group_by: Several = (),
    group_window: GroupWindow = None,
    title: str | None = None,
    runbook: str | None = None,
    delay: int | None = None,
    reopen_within: int | None = None,
    page_again_by: Several = (),
    resolve_after: int | None = None,
    flapping_turns: int | None = None,
    flapping_within: int = 3600,
    suppress: Switch = False,
    drop: Switch = False,
    goes_on: Annotated[bool, Parameter(name="--continue", negative="", show_default=False)] = False,
    before: str | None = None,
    team: Team = None,
    integration: Integration = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Add a rule after all others, or before one of them.

    Parameters
    ----------
    name
        What it is called in explanations.
    matchers
        As Alertmanager writes them, such as 'app="shop", env=~"prod|stage"'; without, it holds for everything.
    service
        Where it leads, by name or id.
    group_by
        A label that alerts of one incident share; may come several times.
    group_window
        For how long an open incident takes others of its group: fixed:SECONDS since it began, or rolling:SECONDS since
        the last alert joined; none: as long as it is open, whatever its integration says.
    title
        Such as '{{labels.host}}: {{annotations.summary}}'.
    runbook
        A URL.
    delay
        Seconds: it pages only what lasts for so long.
    reopen_within
        Seconds: so long after the last incident of its group was resolved, that one is reopened.
    page_again_by
        A label whose new values page an open incident again; may come several times.
    resolve_after
        Seconds: an alert that is not repeated for so long is over.
    flapping_turns
        An alert that begins more often than this is flapping: one alert until it has been quiet.
    flapping_within
        Seconds: within which its turns count, and for which it then has to be quiet.
    suppress
        An incident that pages nobody.
    drop
        No alert at all; counted.
    goes_on
        Ask later rules too.
    before
        The name of the rule that it comes before.
    """
    api = cli.api()
    rule = {
        "name": name,
        "matchers": matchers,
        "service_id": id_of(api, SERVICE, service),
        "severity": severity,
        "urgency": urgency,
        "group_by": list(group_by),
        "group_window": ruled_window_body(group_window),
        "title": title,
        "runbook_url": runbook,
        "delay_seconds": delay,
        "reopen_within_seconds": reopen_within,
        "resolve_after_seconds": resolve_after,
        "flapping": None if flapping_turns is None else {"turns": flapping_turns, "within_seconds": flapping_within},
        "page_again_by": list(page_again_by),
        "suppress": suppress,
        "drop": drop,
        "continue": goes_on,
    }
    present = _present(api, team, integration)
    rules = list(present.rules)
    rules.insert(len(rules) if before is None else _place(rules, before), rule)
    _put(api, present, rules, output)


@app.command
def remove(
    name: str, /, *, team: Team = None, integration: Integration = None, output: Output = "table", cli: Given
) -> None:
    """Take a rule away."""
    api = cli.api()
    present = _present(api, team, integration)
    rules = list(present.rules)
    del rules[_place(rules, name)]
    _put(api, present, rules, output)


@app.command(name="try")
def try_(
    *,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    days: int = 7,
    team: Team = None,
    integration: Integration = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show what rules would have done to the last days' events, before they are set.

    Parameters
    ----------
    file
        As for `tocsin routing set`.
    days
        How far back to look: 30 at most.
    """
    api = cli.api()
    found = api.post(f"{_path(api, team, integration)}/try", {"rules": _rules_in(file), "days": days})
    show_rehearsed(found, output, cli)


class _Present(NamedTuple):
    path: str
    rules: list[Record]
    version: int


def _present(api: ApiClient, team: str | None, integration: str | None) -> _Present:
    path = _path(api, team, integration)
    found = api.get(path)
    return _Present(path, found["rules"], found["version"])


def _put(api: ApiClient, present: _Present, rules: list[Record], output: Output) -> None:
    saved = api.put(present.path, {"rules": rules}, tag=f'"v{present.version}"')
    if output == "json":
        show_json(saved)
    say(f"saved as version {saved['version']}")


def _path(api: ApiClient, team: str | None, integration: str | None) -> str:
    if team is not None and integration is not None:
        raise CommandError("give --team or --integration, not both", ExitCode.USAGE)
    if integration is not None:
        return f"/v1/integrations/{find(api, INTEGRATION, integration)['id']}/routing"
    return "/v1/routing" if team is None else f"/v1/teams/{find(api, TEAM, team)['id']}/routing"


def _place(rules: list[Record], name: str) -> int:
    for place, rule in enumerate(rules):
        if rule["name"] == name:
            return place
    raise CommandError(f"there is no rule {name!r}; see `tocsin routing show`", ExitCode.NOT_FOUND)


def _rules_in(file: str) -> list[Record]:
    """Raises `CommandError`."""
    try:
        found = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text())
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", ExitCode.USAGE) from None
    except ValueError as error:
        raise CommandError(f"{file} is no JSON: {error}", ExitCode.USAGE) from None
    rules = found.get("rules") if isinstance(found, dict) else found
    if not isinstance(rules, list):
        raise CommandError(f"{file} holds no list of rules", ExitCode.USAGE)
    return rules


def _does(rule: Record) -> Iterator[str]:
    if rule["drop"]:
        yield "drops"
    if rule["suppress"]:
        yield "suppresses"
    for member in _SAID:
        if rule[member] is not None:
            yield f"{member.removesuffix('_id').removesuffix('_url')} {rule[member]}"
    if rule["group_by"]:
        yield f"groups by {', '.join(rule['group_by'])}"
    if rule["group_window"] == NO_WINDOW:
        yield "groups without a window"
    elif rule["group_window"]:
        yield f"groups for {window_text(rule['group_window'])}"
    if rule["flapping"]:
        yield f"flaps after {rule['flapping']['turns']} in {rule['flapping']['within_seconds']} s"
    if rule["page_again_by"]:
        yield f"pages again by {', '.join(rule['page_again_by'])}"
