"""What `tocsin up` leaves in its directory, so that the commands in the same folder need no further set-up."""

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

SECRET: Final = "secret"  # noqa: S105  # a file's name
PROFILE: Final = "cli.json"


class Profile(msgspec.Struct, frozen=True):
    url: str
    token: str
    database_url: str
    secret_key_file: str


def secret_key(directory: Path) -> str:
    """Made once, and kept: tokens and links outlive a restart."""
    path = directory / SECRET
    if not path.exists():
        write_private(path, secrets.token_hex(32).encode())
    return path.read_text().strip()


def read_profile(directory: Path) -> Profile | None:
    """None when there is none, or one that this version cannot read."""
    try:
        return msgspec.json.decode((directory / PROFILE).read_bytes(), type=Profile)
    except (OSError, msgspec.DecodeError):
        return None


def write_profile(directory: Path, profile: Profile) -> None:
    write_private(directory / PROFILE, msgspec.json.format(msgspec.json.encode(profile), indent=2))


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, and for nobody else's eyes."""
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
