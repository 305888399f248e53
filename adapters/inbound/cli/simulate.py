from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.context import Given, Several
from adapters.inbound.cli.documents import File, read_json
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.integrations import INTEGRATION
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.output import Output, instant, moment, name_of, say, show_json, show_table, span
from adapters.inbound.cli.services import SERVICE
from adapters.inbound.cli.users import USER

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def simulate(
    service: str | None = None,
    /,
    *,
    integration: str | None = None,
    at: str | None = None,
    severity: str = "SEV1",
    label: Several = (),
    ack: Several = (),
    change: File = None,
    output: Output = "table",
    cli: Given,
) -> None:
    """Show whom a service would page, when and why, if it broke. Nothing is stored, and nobody is told.

    Parameters
    ----------
    service
        Its name or id.
    integration
        The one that is behind this integration, by its name or id.
    at
        When it breaks: an ISO date and time; now without.
    severity
        SEV1 to SEV5.
    label
        Of the first alert: name=value; may come several times.
    ack
        Somebody acknowledges: PERSON=TIME, the time as 10m after it breaks, or an ISO date and time.
    change
        A file with `policy` or `schedule` as JSON, as POST /v1/simulations takes them; - is the standard input.
    """
    api = cli.api()
    begins = instant_option("--at", at, cli) or cli.now.isoformat()
    if (service is None) == (integration is None):
        raise CommandError("name a service, or an --integration", ExitCode.USAGE)
    body: Record = {
        "severity": severity,
        "at": begins,
        "labels": dict(_named("--label", text) for text in label),
        "acknowledgements": [_answer(api, text, instant(begins)) for text in ack],
    }
    if service is not None:
        body["service_id"] = find(api, SERVICE, service)["id"]
    elif integration is not None:
        body["integration_id"] = find(api, INTEGRATION, integration)["id"]
    found = api.post("/v1/simulations", body | ({} if change is None else _change(change)))
    if output == "json":
        show_json(found)
        return
    _show(found)


def _show(found: Record) -> None:
    show_table(("AFTER", "AT", "WHO", "BY", "ADDRESS", "BECAUSE"), (_row(page) for page in found["pages"]))
    if found["more_pages"]:
        say(f"and {found['more_pages']} more pages")
    for user in found["unreachable"]:
        say(f"{user['name']} is meant, and no page would reach them")
    say(f"{found['policy']['name']}, {found['urgency']} urgency: {found['ending_text']}")
    if found["difference"] is not None:
        for line in _difference(found["difference"]):
            say(line)


def _row(page: Record) -> tuple[object, ...]:
    after = span(timedelta(seconds=page["after_seconds"]))
    return after, moment(page["due_at"]), _whom(page), page["channel"], page["address"], _because(page)


def _whom(page: Record) -> str:
    return name_of(page["user"] or page["destination"])


def _because(page: Record) -> str:
    place = "last resort" if page["is_last_resort"] else f"round {page['round']} step {page['step']}"
    parts = [place if page["run"] == 1 else f"again ({page['run']}): {place}"]
    target = page["target"]
    if target["kind"] == "schedule":
        parts.append(f"{target['schedule']}, {_source(target['source'])}")
    else:
        parts.append("member of the team" if target["kind"] == "team" else "named")
    if page["user"] is not None:
        parts.append("no rule: everywhere" if page["rule"] is None else f"rule {page['rule']}")
    if page["waits_for_morning"]:
        parts.append("after quiet hours")
    if page["cancelled_at"] is not None:
        parts.append("never leaves: answered before")
    return "; ".join(parts)


def _source(source: Record) -> str:
    if source["layer"] is not None:
        return f"layer {source['layer'] + 1}"
    return "an override" if source["override_id"] is not None else "a temporary schedule"


def _difference(difference: Record) -> Iterator[str]:
    for page in difference["removed"]:
        yield f"no longer: {_whom(page)} by {page['channel']} at {moment(page['due_at'])}"
    for page in difference["added"]:
        yield f"new: {_whom(page)} by {page['channel']} at {moment(page['due_at'])}"
    for moved in difference["moved"]:
        before, after = moved["before"], moved["after"]
        yield (
            f"moved: {_whom(after)} by {after['channel']} from {moment(before['due_at'])} to {moment(after['due_at'])}"
        )
    if difference["more"]:
        yield f"and {difference['more']} more"


def _answer(api: ApiClient, text: str, begins: datetime) -> Record:
    person, when = _named("--ack", text)
    return {"user_id": find(api, USER, person)["id"], "at": _after(when, begins).isoformat()}


def _after(text: str, begins: datetime) -> datetime:
    """`10m` is so long after it breaks. Raises `CommandError`."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isdecimal():
            return begins + timedelta(**{_UNITS[unit]: int(number)})
        return datetime.fromisoformat(text).astimezone(begins.tzinfo)
    except (ValueError, OverflowError):
        message = f"--ack has the time {text!r}: use 10m after it breaks, or an ISO date and time"
        raise CommandError(message, ExitCode.USAGE) from None


def _named(option: str, text: str) -> tuple[str, str]:
    """Raises `CommandError`."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandError(f"{option} is {text!r}: write name=value", ExitCode.USAGE)
    return name, value


def _change(file: str) -> Record:
    """Raises `CommandError`."""
    given = read_json(file)
    if not isinstance(given, dict) or not given or not given.keys() <= {"policy", "schedule"}:
        raise CommandError(f"{file} must be an object with policy, schedule, or both", ExitCode.USAGE)
    return given
