from collections.abc import Iterator

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import Context, Given
from adapters.inbound.cli.exit_code import ExitCode
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.output import Output, show_json, show_table, when
from adapters.inbound.cli.teams import TEAM

_TEAMS = 1000  # as many as are looked at when none is named


def readiness(team: str | None = None, /, *, output: Output = "table", cli: Given) -> int:
    """Show who could not be paged tonight, and why. The exit code is 1 when there is somebody.

    Parameters
    ----------
    team
        Its name or id; without one, every team.
    """
    api = cli.api()
    reports = [api.get(f"{TEAM.path}/{each['id']}/readiness") | {"team": each["name"]} for each in _teams(api, team)]
    if output == "json":
        show_json(reports)
    else:
        show_table(
            ("TEAM", "WHO", "CONTACTS", "LAST CONFIRMED", "FINDINGS"),
            (_row(report, member, cli) for report in reports for member in report["members"]),
        )
    return ExitCode.OK if all(report["is_ready"] for report in reports) else ExitCode.FAILURE


def _teams(api: ApiClient, team: str | None) -> Iterator[Record]:
    if team is None:
        yield from api.each(TEAM.path, most=_TEAMS)
    else:
        yield find(api, TEAM, team)


def _row(report: Record, member: Record, cli: Context) -> tuple[object, ...]:
    confirmed = [each["confirmed_at"] for each in member["contacts"] if each["confirmed_at"] is not None]
    return (
        report["team"],
        member["name"],
        ", ".join(each["channel"] for each in member["contacts"]) or None,
        when(max(confirmed), cli.now) if confirmed else None,
        "; ".join(each["explanation"] for each in member["findings"]) or "ready",
    )
