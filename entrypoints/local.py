"""What `tocsin up` leaves in its directory, so that the commands in the same folder need no further set-up."""

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec
from dishka import AsyncContainer

from adapters.inbound.cli.profile import FILE, Profile
from application.errors import NotFoundError
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Role
from domain.shared.via import Via

SECRET: Final = "secret"  # noqa: S105  # a file's name


def secret_key(directory: Path) -> str:
    """Made once, and kept: tokens and links outlive a restart."""
    path = directory / SECRET
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())
    return path.read_text().strip()


def write_profile(directory: Path, profile: Profile) -> None:
    write_private(directory / FILE, msgspec.json.format(msgspec.json.encode(profile), indent=2))


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, and for nobody else's eyes."""
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


async def local_admin(request: AsyncContainer) -> Actor:
    """The operator, at the database, acting as an admin. Raises `NotFoundError`."""
    users = await request.get(UserRepository)
    async with await request.get(Transaction):
        admins = await users.active_admins()
    if not admins:
        raise NotFoundError("active admin", "any more: make one with `tocsin user create --first-admin`")
    return Actor(user_id=min(admins), role=Role.ADMIN, via=Via.CLI, credential=CredentialKind.LOCAL)
