"""`python -m entrypoints.openapi` writes `docs/openapi.json`; with `--check` it compares instead. Needs no database."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from dishka import make_async_container
from prometheus_client import CollectorRegistry

from adapters.inbound.http.app import create_app
from adapters.inbound.http.openapi import document
from application.ports.ids import IdFactory
from entrypoints.http_server import HANDLERS

PATH: Final = Path(__file__).parent.parent / "docs" / "openapi.json"


class _NoIds(IdFactory):
    def new(self) -> UUID:
        raise AssertionError("a description answers no request")


async def _is_ready() -> Sequence[str]:
    return ("description",)


def described() -> bytes:
    """The description of the whole API, the same to the byte for the same code."""
    app = create_app(
        container=make_async_container(),
        route_handlers=HANDLERS,
        ids=_NoIds(),
        registry=CollectorRegistry(),
        is_ready=_is_ready,
        version=version("tocsin"),
    )
    return msgspec.json.format(msgspec.json.encode(document(app)), indent=2) + b"\n"


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when what is committed is not what the code says."""
    content = described()
    if "--check" not in arguments:
        PATH.write_bytes(content)
        return 0
    if PATH.exists() and PATH.read_bytes() == content:
        return 0
    print(f"docs/{PATH.name} is not what the code says: run `make openapi`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
