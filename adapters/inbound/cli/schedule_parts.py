"""What is done to a schedule for a while: overrides, temporary schedules, shadows."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from adapters.inbound.cli.client import ApiClient, segment
from adapters.inbound.cli.context import Given, Switch
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.instants import instant_option
from adapters.inbound.cli.listing import find, id_of, names_of
from adapters.inbound.cli.output import NOTHING, Output, say, show_json, show_table, when
from adapters.inbound.cli.schedules import SCHEDULE, show_preview
from adapters.inbound.cli.users import USER

override_app: Final = App(name="override", help="Stand in, join those on call, or be taken off: add, list, remove.")
temporary_app: Final = App(name="temporary", help="Fixed shifts in place of the layers for a while: add, list, remove.")
shadow_app: Final = App(name="shadow", help="Who learns beside those on call: add, list, remove.")


From = Annotated[
    str | None,
    Parameter(name="--from", help="An ISO date and time, such as 2026-12-24T18:00; now, unless it is said."),
]
To = Annotated[str, Parameter(name="--to", help="The same; it ends before it.")]
Preview = Annotated[Switch, Parameter(help="Only show what it would do to who is on call; nothing is stored.")]
Shifts = Annotated[
    tuple[str, ...],
    Parameter(
        name="--shift",
        negative="",
        show_default=False,
        help="PERSON=FROM/TO, once for each; where there is none, nobody is on call.",
    ),
]


@override_app.command(name="add")
def add_override(
    schedule: str,
    /,
    *,
    user: str,
    starts: From = None,
    ends: To,
    replaces: str | None = None,
    kind: Literal["replace", "add", "remove"] = "replace",
    preview: Preview = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Let somebody stand in for another, or for everyone; join those on call; or go.

    Parameters
    ----------
    schedule
        Its name or id.
    user
        Who stands in, joins, or goes: an e-mail address, name or id.
    replaces
        For whom they stand in; for everyone, also where nobody is on call, unless it is said.
    kind
        replace: stand in. add: join those on call. remove: go, and nobody stands in.
    """
    api = cli.api()
    body = _times(cli, starts, ends) | {
        "user_id": find(api, USER, user)["id"],
        "replaces": id_of(api, USER, replaces),
        "kind": kind,
    }
    _add(api, schedule, "override", body, preview=preview, output=output, cli=cli)


@override_app.command(name="list")
def list_overrides(schedule: str, /, *, output: Output = "table", cli: Given) -> None:
    """List the overrides of a schedule, by its name or id, that are not over."""
    api = cli.api()
    overrides = _of(api, schedule, "overrides")
    if output == "json":
        show_json(overrides)
        return
    names = names_of(api, USER.path, (each[who] for each in overrides for who in ("user_id", "replaces")))
    show_table(
        ("KIND", "WHO", "INSTEAD OF", "FROM", "TO", "ID"),
        (
            (
                each["kind"],
                _named(each["user_id"], names),
                _named(each["replaces"], names) if each["replaces"] or each["kind"] != "replace" else "everyone",
                *_from_to(each, cli),
                each["id"],
            )
            for each in overrides
        ),
    )


@override_app.command(name="remove")
def remove_override(schedule: str, override_id: str, /, *, cli: Given) -> None:
    """Take an override back; one that is under way ends now."""
    _remove(cli.api(), schedule, "override", override_id)


@temporary_app.command(name="add")
def add_temporary(
    schedule: str,
    /,
    *,
    starts: From = None,
    ends: To,
    shifts: Shifts = (),
    preview: Preview = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Let fixed shifts take the place of a schedule's layers for a while.

    Parameters
    ----------
    schedule
        Its name or id.
    """
    api = cli.api()
    body = _times(cli, starts, ends) | {"shifts": [_shift(api, text, cli) for text in shifts]}
    _add(api, schedule, "temporary", body, preview=preview, output=output, cli=cli)


@temporary_app.command(name="list")
def list_temporaries(schedule: str, /, *, output: Output = "table", cli: Given) -> None:
    """List the temporary schedules of a schedule, by its name or id, that are not over; a line for each shift."""
    api = cli.api()
    temporaries = _of(api, schedule, "temporaries")
    if output == "json":
        show_json(temporaries)
        return
    names = names_of(api, USER.path, (shift["user_id"] for each in temporaries for shift in each["shifts"]))
    show_table(
        ("FROM", "TO", "WHO", "ON CALL FROM", "UP TO", "ID"),
        (
            (*_from_to(each, cli), *who, each["id"])
            for each in temporaries
            for who in [(_named(shift["user_id"], names), *_from_to(shift, cli)) for shift in each["shifts"]]
            or [("nobody", NOTHING, NOTHING)]
        ),
    )


@temporary_app.command(name="remove")
def remove_temporary(schedule: str, temporary_id: str, /, *, cli: Given) -> None:
    """Let the layers decide again; one that is under way ends now."""
    _remove(cli.api(), schedule, "temporary", temporary_id)


@shadow_app.command(name="add")
def add_shadow(
    schedule: str,
    /,
    *,
    user: str,
    starts: From = None,
    ends: To,
    follows: str | None = None,
    layer: int | None = None,
    preview: Preview = False,
    output: Output = "table",
    cli: Given,
) -> None:
    """Let somebody follow another on call, or a layer, to learn: told like them, and never counted as on call.

    Parameters
    ----------
    schedule
        Its name or id.
    user
        Who learns: an e-mail address, name or id.
    follows
        Whom they follow; or else --layer.
    layer
        Whoever is on call by the layer at this place, from 1.
    """
    if (follows is None) == (layer is None):
        raise CommandError("a shadow follows a person, with --follows, or else a layer, with --layer", ExitCode.USAGE)
    api = cli.api()
    body = _times(cli, starts, ends) | {
        "user_id": find(api, USER, user)["id"],
        "follows": id_of(api, USER, follows),
        "layer": None if layer is None else layer - 1,
    }
    _add(api, schedule, "shadow", body, preview=preview, output=output, cli=cli)


@shadow_app.command(name="list")
def list_shadows(schedule: str, /, *, output: Output = "table", cli: Given) -> None:
    """List who shadows whom on a schedule, by its name or id, as far as it is not over."""
    api = cli.api()
    shadows = _of(api, schedule, "shadows")
    if output == "json":
        show_json(shadows)
        return
    names = names_of(api, USER.path, (each[who] for each in shadows for who in ("user_id", "follows")))
    show_table(
        ("WHO", "FOLLOWS", "FROM", "TO", "ID"),
        (
            (
                _named(each["user_id"], names),
                f"layer {each['layer'] + 1}" if each["follows"] is None else _named(each["follows"], names),
                *_from_to(each, cli),
                each["id"],
            )
            for each in shadows
        ),
    )


@shadow_app.command(name="remove")
def remove_shadow(schedule: str, shadow_id: str, /, *, cli: Given) -> None:
    """Let nobody follow any longer; one that is under way ends now."""
    _remove(cli.api(), schedule, "shadow", shadow_id)


# As the API's paths and members name them.
_PLURALS: Final = {"override": "overrides", "temporary": "temporaries", "shadow": "shadows"}


def _add(
    api: ApiClient, schedule: str, part: str, body: Mapping[str, object], *, preview: bool, output: Output, cli: Given
) -> None:
    path = f"{SCHEDULE.path}/{segment(find(api, SCHEDULE, schedule)['id'])}"
    if preview:
        show_preview(api, api.post(f"{path}/preview", {f"add_{part}": body}), output, cli)
        return
    made = api.post(f"{path}/{_PLURALS[part]}", body)
    if output == "json":
        show_json(made)
        return
    say(f"{made['id']} is from {when(made['starts_at'], cli.now)} to {when(made['ends_at'], cli.now)}")


def _of(api: ApiClient, schedule: str, parts: str) -> Sequence[Mapping[str, Any]]:
    """The whole schedule names them, with whatever else is done to it."""
    schedule_id = find(api, SCHEDULE, schedule)["id"]
    found: list[Mapping[str, Any]] = api.get(f"{SCHEDULE.path}/{segment(schedule_id)}")[parts]
    return sorted(found, key=lambda each: (each["starts_at"], each["id"]))


def _remove(api: ApiClient, schedule: str, part: str, part_id: str) -> None:
    path = f"{SCHEDULE.path}/{segment(find(api, SCHEDULE, schedule)['id'])}"
    api.post(f"{path}/{_PLURALS[part]}/{segment(part_id)}/remove")
    say(f"{part_id} is removed")


def _times(cli: Given, starts: str | None, ends: str) -> dict[str, object]:
    starts_at = cli.now.isoformat() if starts is None else instant_option("--from", starts, cli)
    return {"starts_at": starts_at, "ends_at": instant_option("--to", ends, cli)}


def _shift(api: ApiClient, text: str, cli: Given) -> dict[str, object]:
    """Raises `CommandError`."""
    person, _, times = text.rpartition("=")
    starts, _, ends = times.partition("/")
    if not person or not starts or not ends:
        raise CommandError(
            f"--shift is {text!r}: use mira@example.com=2026-12-24T18:00/2026-12-25T06:00", ExitCode.USAGE
        )
    return {
        "user_id": find(api, USER, person)["id"],
        "starts_at": instant_option("--shift", starts, cli),
        "ends_at": instant_option("--shift", ends, cli),
    }


def _named(user_id: str | None, names: Mapping[str, str]) -> str:
    return NOTHING if user_id is None else names.get(user_id, user_id)


def _from_to(each: Mapping[str, Any], cli: Given) -> tuple[str, str]:
    return when(each["starts_at"], cli.now), when(each["ends_at"], cli.now)
