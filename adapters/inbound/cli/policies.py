from typing import Annotated, Final

from cyclopts import Parameter

from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given
from adapters.inbound.cli.exit_code import ExitCode
from adapters.inbound.cli.files import read_json
from adapters.inbound.cli.listing import Noun, find, noun_app
from adapters.inbound.cli.output import Output, moment, say, show_json, show_table

POLICY: Final = Noun(
    name="policy",
    plural="escalation policies",
    path="/v1/policies",
    columns=("name", "team_id", "repeats", "version", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(POLICY)
app.help = "Escalation policies: list, show, prove."


@app.command
def prove(
    ref: str,
    /,
    *,
    weeks: int = 4,
    within: int = 30,
    change: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    output: Output = "table",
    cli: Given,
) -> int:
    """Show when a policy would tell nobody in time. Exit code 1 when there is such a time.

    Parameters
    ----------
    ref
        Its name or id.
    weeks
        How many from now on: 1 to 26.
    within
        In how many minutes somebody has to be told.
    change
        A file with what it would say instead, as JSON: steps and the rest, as POST /v1/policies takes them, without
        team and name; - is the standard input.
    """
    api = cli.api()
    body: Record = {"weeks": weeks, "within_seconds": within * 60}
    if change is not None:
        body["policy"] = read_json(change)
    found = api.post(f"{POLICY.path}/{find(api, POLICY, ref)['id']}/prove", body)
    if output == "json":
        show_json(found)
    else:
        _show(found)
    return ExitCode.OK if found["holds"] else ExitCode.FAILURE


def _show(found: Record) -> None:
    for user in found["unreachable"]:
        say(f"{user['name']} is meant, and no page would reach them")
    for number in found["empty_steps"]:
        say(f"step {number} at no time tells anybody who can be reached")
    if found["holds"]:
        say(f"until {moment(found['ends_at'])} somebody is told within {found['within_seconds'] // 60} minutes")
        return
    show_table(("FROM", "TO", "SEVERITY", "LABELS", "REASON"), (_row(each) for each in found["counter_examples"]))
    if found["more_counter_examples"]:
        say(f"and {found['more_counter_examples']} more")


def _row(example: Record) -> tuple[object, ...]:
    labels = ", ".join(f"{name}={value}" for name, value in example["labels"].items())
    reason = "; ".join(example["reasons"])
    if example["told_after_seconds"] is not None:
        reason = f"somebody is told only after {example['told_after_seconds'] / 60:g} minutes"
    return moment(example["starts_at"]), moment(example["ends_at"]), example["severity"], labels, reason
