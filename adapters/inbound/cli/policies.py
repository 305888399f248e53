from datetime import timedelta
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from adapters.inbound.cli.agreement import require_agreement
from adapters.inbound.cli.client import Record
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.documents import File, read_document, read_json
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Noun, find, noun_app, say_warnings
from adapters.inbound.cli.output import (
    Output,
    moment,
    say,
    show_fields,
    show_json,
    show_line,
    show_table,
    span,
)
from adapters.inbound.cli.policy_documents import body_of, difference, document_of, steps_of

POLICY: Final = Noun(
    name="policy",
    plural="escalation policies",
    path="/v1/policies",
    columns=("name", "team_id", "repeats", "version", "id"),
    references={"team_id": "/v1/teams"},
)

app: Final = noun_app(POLICY, with_show=False)
app.help = "Escalation policies: list, show, create, edit, delete, prove."

Steps = Annotated[
    tuple[str, ...],
    Parameter(
        name="--step",
        negative=(),
        help="Whom to tell, such as schedule=Primary,user=ada@example.com; once for each step, in their order.",
    ),
]
WhenExhausted = Literal["stay", "resolve", "fall_back"]

_DELAY: Final = "5m"
_DEFAULT_STEP: Final[Record] = {"targets": [], "delay_seconds": None, "mode": "everyone", "condition": None}


@app.command
def show(ref: str, /, *, output: Output = "table", cli: Given) -> None:
    """Show one of the escalation policies, by its name or id.

    As JSON it can be given back to `edit` and `create`, changed.
    """
    api = cli.api()
    policy = api.get(f"{POLICY.path}/{find(api, POLICY, ref)['id']}")  # with its warnings, which no list has
    if output == "json":
        show_json(policy)
        return
    document = document_of(api, policy, {})
    members = ("name", "team", "repeats", "repeat_from", "acknowledgement_timeout_seconds", "when_exhausted")
    show_fields([*((member.replace("_", " "), document[member]) for member in members), ("id", policy["id"])])
    show_line("")
    show_table(("STEP", "TELLS", "MODE", "WAITS", "ONLY"), (_step(*each) for each in enumerate(document["steps"], 1)))
    say_warnings([policy])


@app.command
def create(
    file: File = None,
    /,
    *,
    name: str | None = None,
    team: str | None = None,
    step: Steps = (),
    delay: str = _DELAY,
    repeats: int | None = None,
    when_exhausted: WhenExhausted | None = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Make an escalation policy: of options, or of a file, whose members options stand above.

    Parameters
    ----------
    file
        The policy as JSON or TOML, as POST /v1/policies takes it; `team`, and `name` in a target, stand for ids. - is
        the standard input.
    team
        Whose it is, by name or id.
    delay
        How long each --step waits for an answer, such as 90s or 10m.
    repeats
        How many rounds follow the first one.
    when_exhausted
        What happens when nobody answered at all.
    """
    api = cli.api()
    document = {} if file is None else read_document(file)
    options = _options(name=name, team=team, repeats=repeats, when_exhausted=when_exhausted)
    body = body_of(api, document | options)
    if step:
        body["steps"] = steps_of(api, step, delay)
    if not body:
        raise CommandError("name a file, or --name, --team and --step", ExitCode.USAGE)
    made = api.post(POLICY.path, body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['name']} is made; prove it with `tocsin policy prove {made['id']}`")
    say_warnings([made])


@app.command
def edit(
    ref: str,
    file: File = None,
    /,
    *,
    name: str | None = None,
    team: str | None = None,
    step: Steps = (),
    delay: str = _DELAY,
    repeats: int | None = None,
    when_exhausted: WhenExhausted | None = None,
    yes: Switch = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Change an escalation policy: shows the difference, and asks. What is not said stays as it is.

    Parameters
    ----------
    ref
        Its name or id.
    file
        What changes, as JSON or TOML; - is the standard input. With the `version` that was shown, a change that came
        meanwhile is not lost.
    name
        Its new name.
    team
        Whose it is from now on, by name or id.
    delay
        How long each --step waits for an answer, such as 90s or 10m.
    repeats
        How many rounds follow the first one.
    when_exhausted
        What happens when nobody answered at all.
    yes
        Do not ask.
    """
    api = cli.api()
    policy = find(api, POLICY, ref)
    document = {} if file is None else read_document(file)
    body = body_of(api, document | _options(name=name, team=team, repeats=repeats, when_exhausted=when_exhausted))
    if step:
        body["steps"] = steps_of(api, step, delay)
    _require_known(body)
    names: dict[str, str] = {}
    lines = difference(document_of(api, policy, names), document_of(api, _changed(policy, body), names))
    if not lines:
        say("nothing would change")
        return
    for line in lines:
        say(line)
    require_agreement("change it", yes=yes, is_input_taken=file == "-")
    tag = f'"v{document.get("version", policy["version"])}"'
    changed = api.patch(f"{POLICY.path}/{policy['id']}", body, tag=tag)
    if output == "json":
        show_json(changed)
        return
    say(f"{changed['name']} is version {changed['version']}; incidents that are open keep the one that they began with")
    say_warnings([changed])


@app.command
def delete(ref: str, /, *, yes: Switch = False, cli: Given) -> None:
    """Do without an escalation policy that pages for no service.

    Parameters
    ----------
    ref
        Its name or id.
    yes
        Do not ask.
    """
    api = cli.api()
    policy = find(api, POLICY, ref)
    require_agreement(f"delete {policy['name']}", yes=yes)
    api.delete(f"{POLICY.path}/{policy['id']}")
    say(f"{policy['name']} is deleted")


@app.command
def prove(
    ref: str,
    /,
    *,
    weeks: int = 4,
    within: int = 30,
    change: File = None,
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


def _options(**options: object) -> Record:
    return {member: value for member, value in options.items() if value is not None}


def _changed(policy: Record, body: Record) -> Record:
    """As the API would show it: a step says what it is given, and leaves the rest as it is when nothing is said."""
    steps = [_DEFAULT_STEP | step for step in (body["steps"] if "steps" in body else policy["steps"])]
    return {**policy, **body, "steps": steps}


def _require_known(body: Record) -> None:
    """Raises `CommandError` unless a difference can be shown: the rest is for the API to judge."""
    steps = body.get("steps", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) and _has_targets(step) for step in steps):
        raise CommandError(
            "steps must be a list of objects with targets, each with kind and id or name", ExitCode.USAGE
        )


def _has_targets(step: Record) -> bool:
    targets = step.get("targets")
    return isinstance(targets, list) and all(
        isinstance(each, dict) and {"kind", "id"} <= each.keys() for each in targets
    )


def _step(number: int, step: Record) -> tuple[object, ...]:
    tells = ", ".join(f"{each['kind']} {each['name']}" for each in step["targets"])
    waits = span(timedelta(seconds=step["delay_seconds"]))
    return number, tells, step["mode"], waits, step["condition"]


def _show(found: Record) -> None:
    for user in found["unreachable"]:
        say(f"{user['name']} is meant, and no page would reach them")
    for number in found["empty_steps"]:
        say(f"step {number} at no time tells anybody who can be reached")
    if found["holds"]:
        say(f"until {moment(found['ends_at'])} somebody is told within {found['within_seconds'] // 60} minutes")
        return
    show_table(
        ("FROM", "TO", "SEVERITY", "PRIORITY", "LABELS", "REASON"), (_row(each) for each in found["counter_examples"])
    )
    if found["more_counter_examples"]:
        say(f"and {found['more_counter_examples']} more")


def _row(example: Record) -> tuple[object, ...]:
    labels = ", ".join(f"{name}={value}" for name, value in example["labels"].items())
    reason = "; ".join(example["reasons"])
    if example["told_after_seconds"] is not None:
        reason = f"somebody is told only after {example['told_after_seconds'] / 60:g} minutes"
    return (
        moment(example["starts_at"]),
        moment(example["ends_at"]),
        example["severity"],
        example["priority"],
        labels,
        reason,
    )
