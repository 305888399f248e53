"""Whom a policy or a last resort tells: by name for people, by id for the API."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from adapters.inbound.cli.client import ApiClient, Record
from adapters.inbound.cli.destinations import DESTINATION
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.listing import Noun, find
from adapters.inbound.cli.schedules import SCHEDULE
from adapters.inbound.cli.teams import TEAM
from adapters.inbound.cli.users import USER

NOUNS: Final[Mapping[str, Noun]] = {
    "user": USER,
    "schedule": SCHEDULE,
    "team": TEAM,
    "channel": DESTINATION,
    "webhook": DESTINATION,
}


def targets_of(api: ApiClient, kind: str, refs: Iterable[str]) -> Iterator[Record]:
    """Of one kind, each by its name or id. Raises `CommandError`."""
    for ref in refs:
        yield {"kind": kind, "id": find(api, noun_of(kind), ref)["id"]}


def noun_of(kind: str) -> Noun:
    """Raises `CommandError` for a kind of target that there is not."""
    if kind not in NOUNS:
        raise CommandError(f"{kind!r} is no kind of target; there are {', '.join(NOUNS)}", ExitCode.USAGE)
    return NOUNS[kind]


def name_of_target(api: ApiClient, target: Record) -> str:
    """Raises `CommandError`."""
    return str(find(api, noun_of(target["kind"]), target["id"])["name"])
