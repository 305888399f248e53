"""Escalation policies as people write them: names where the API has ids, and a whole policy for a few options."""

import json
from collections.abc import Iterable, Mapping
from difflib import unified_diff
from typing import Any, Final

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import find
from adapters.inbound.cli.spans import seconds_option
from adapters.inbound.cli.targets import name_of_target, noun_of, targets_of
from adapters.inbound.cli.teams import TEAM

# What the API shows of a policy and nobody says of one: a document that was shown can be given back.
_SHOWN_ONLY: Final = ("id", "version", "warnings")


def body_of(api: ApiClient, document: Mapping[str, Any]) -> Record:
    """What the API takes. `team`, and `name` in a target, are looked up. Raises `CommandError`."""
    body = {member: value for member, value in document.items() if member not in _SHOWN_ONLY}
    if "team" in body:
        body["team_id"] = find(api, TEAM, str(body.pop("team")))["id"]
    if isinstance(body.get("steps"), list):
        body["steps"] = [_step(api, step) for step in body["steps"]]
    return body


def steps_of(api: ApiClient, steps: Iterable[str], delay: str) -> list[Record]:
    """Steps such as `schedule=Primary,user=ada@example.com`, each with the same delay. Raises `CommandError`."""
    seconds = seconds_option("--delay", delay)
    return [{"targets": [_target(api, each) for each in step.split(",")], "delay_seconds": seconds} for step in steps]


def document_of(api: ApiClient, policy: Mapping[str, Any], names: dict[str, str]) -> Record:
    """A policy of the API's with names, in the order that people read.

    `names` holds those that are known by their ids, and takes the others: no id is asked about twice. Raises
    `CommandError`.
    """
    shown = {member: value for member, value in policy.items() if member not in _SHOWN_ONLY}
    team = find(api, TEAM, shown.pop("team_id"))["name"]
    steps = [_named_step(api, step, names) for step in shown.pop("steps")]
    return {"name": shown.pop("name"), "team": team, "steps": steps, **shown}


def difference(before: Record, after: Record) -> list[str]:
    """Line by line; none when they say the same."""
    old, new = (json.dumps(each, indent=2, ensure_ascii=False).splitlines() for each in (before, after))
    return list(unified_diff(old, new, "as it is", "as it would be", lineterm=""))


def _step(api: ApiClient, step: Any) -> Any:
    if not isinstance(step, dict) or not isinstance(step.get("targets"), list):
        return step  # the API says what is wrong with it, and where
    return {**step, "targets": [_with_id(api, target) for target in step["targets"]]}


def _with_id(api: ApiClient, target: Any) -> Any:
    if not isinstance(target, dict) or "name" not in target or "kind" not in target:
        return target
    kind = str(target["kind"])
    return {"kind": kind, "id": target.get("id") or find(api, noun_of(kind), str(target["name"]))["id"]}


def _target(api: ApiClient, text: str) -> Record:
    kind, equals, ref = text.strip().partition("=")
    if not equals or not ref:
        message = f"--step has {text!r}: write schedule=NAME, user=NAME or team=NAME, separated by commas"
        raise CommandError(message, ExitCode.USAGE)
    (target,) = targets_of(api, kind, (ref,))
    return target


def _named_step(api: ApiClient, step: Mapping[str, Any], names: dict[str, str]) -> Record:
    for each in step["targets"]:
        if each["id"] not in names:
            names[each["id"]] = name_of_target(api, each)
    targets = [{"kind": each["kind"], "name": names[each["id"]]} for each in step["targets"]]
    return {"targets": targets, **{member: value for member, value in step.items() if member != "targets"}}
