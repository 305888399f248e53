"""Lists and single things, as every noun that the API names has them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Annotated, Final
from uuid import UUID

from cyclopts import App, Parameter

from adapters.inbound.cli.client import ApiClient, Record, segment
from adapters.inbound.cli.context import CONFIGURATION, Given, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.output import Output, say, show_fields, show_json, show_table

Limit = Annotated[int, Parameter(name=["--limit", "-n"], help="How many, at most: 1 to 200.")]
Cursor = Annotated[str | None, Parameter(help="Go on where a list ended that had more.")]


_NAMED_AT_ONCE: Final = 100  # ids of one request: 4 KB of its address
# A server of the version before does not know the filter, and gives the whole list.
_LOOKED_THROUGH: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A kind of thing that the API lists by name and shows by id."""

    name: str
    plural: str
    path: str
    columns: tuple[str, ...]  # members of its JSON
    known_by: tuple[str, ...] = ("name",)  # what it can be asked for by, beside its id
    references: Mapping[str, str] = field(default_factory=dict)  # member with an id, and the list that names it


def noun_app(noun: Noun, *, with_show: bool = True) -> App:
    """`list` of it, and `show` where it has none of its own."""
    app = commands_of(noun.name, f"{noun.plural.capitalize()}: list, show.", group=CONFIGURATION)

    @app.command(name="list", help=f"List {noun.plural}, by name.")
    def list_(*, limit: Limit = 50, cursor: Cursor = None, output: Output = "table", cli: Given) -> None:
        api = cli.api()
        page = api.get(noun.path, {"limit": limit, "cursor": cursor})
        if output == "json":
            show_json(page)
            return
        names = _names(api, noun, page["items"])
        columns = [column.removesuffix("_id").replace("_", " ").upper() for column in noun.columns]
        show_table(columns, ([_shown(row, column, names) for column in noun.columns] for row in page["items"]))
        say_warnings(page["items"])
        say_more(page)

    if not with_show:
        return app

    @app.command(help=f"Show one of the {noun.plural}, by its {' or '.join([*noun.known_by, 'id'])}.")
    def show(ref: str, /, *, output: Output = "table", cli: Given) -> None:
        api = cli.api()
        found = find(api, noun, ref)
        if output == "json":
            show_json(found)
            return
        names = _names(api, noun, [found])
        shown = [member for member in found if member != "warnings"]
        show_fields((member.replace("_", " "), _shown(found, member, names)) for member in shown)
        say_warnings([found])

    return app


def find(api: ApiClient, noun: Noun, ref: str) -> Record:
    """By id, or by what else it is known by, whatever the case. Raises `CommandError`."""
    if is_id(ref):
        found: Record = api.get(f"{noun.path}/{segment(ref)}")
        return found
    for row in api.each(noun.path, {"name": ref}, most=_LOOKED_THROUGH):
        if any(str(row[member]).casefold() == ref.casefold() for member in noun.known_by):
            return row
    raise CommandError(f"there is no {noun.name} {ref!r}; see `tocsin {noun.name} list`", ExitCode.NOT_FOUND)


def id_of(api: ApiClient, noun: Noun, ref: str | None) -> str | None:
    """Of what a filter names; None: it was not given. Raises `CommandError`."""
    return None if ref is None else str(find(api, noun, ref)["id"])


def ids_of(api: ApiClient, noun: Noun, refs: Iterable[str]) -> list[str]:
    """In their order. Raises `CommandError`."""
    return [str(find(api, noun, ref)["id"]) for ref in refs]


def names_of(api: ApiClient, path: str, ids: Iterable[str | None]) -> dict[str, str]:
    """What these ids stand for, as far as they are in a list. Raises `CommandError`."""
    wanted = sorted({each for each in ids if each is not None})
    parts = batched(wanted, _NAMED_AT_ONCE)
    return {each["id"]: each["name"] for part in parts for each in api.each(path, {"id": part}, most=len(part))}


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def show_page(page: Record, output: Output, columns: Sequence[str], row: Callable[[Record], Sequence[object]]) -> None:
    """A page of a list: as JSON, or a line for each and how to go on."""
    if output == "json":
        show_json(page)
        return
    show_table(columns, map(row, page["items"]))
    say_more(page)


def say_more(page: Record) -> None:
    if page["has_more"]:
        say(f"there are more: add --cursor {page['next_cursor']}")


def say_warnings(rows: Iterable[Record]) -> None:
    """What is told beside a thing that is read: it is there, and may not do what it was made for."""
    for row in rows:
        for warning in row.get("warnings", ()):
            say(f"warning: {row['name']} {warning['detail']}")


def _names(api: ApiClient, noun: Noun, rows: Iterable[Record]) -> dict[str, str]:
    """What the ids of these rows stand for."""
    listed = list(rows)
    ids = {path: {row[each] for row in listed for each in of} for path, of in _members_by_list(noun).items()}
    return {key: name for path in sorted(ids) for key, name in names_of(api, path, ids[path]).items()}


def _members_by_list(noun: Noun) -> Mapping[str, Sequence[str]]:
    return {
        path: [member for member, names in noun.references.items() if names == path]
        for path in set(noun.references.values())
    }


def _shown(row: Record, member: str, names: Mapping[str, str]) -> object:
    value = row[member]
    return names.get(value, value) if isinstance(value, str) else value
