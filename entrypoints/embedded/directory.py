"""Where an embedded engine keeps its files, who owns them, and who may run on them."""

import contextlib
import fcntl
import hashlib
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from entrypoints.embedded.errors import EmbeddedStartError

SOCKET_PATH_BYTES = 100  # sun_path holds 104 on macOS and 108 on Linux, its closing zero included


class Owner(NamedTuple):
    """The user that an engine runs as."""

    uid: int
    gid: int


def default_directory() -> Path:
    """Where the embedded engines keep their data when nobody says otherwise."""
    if os.geteuid() == 0:
        # An engine started by root runs as another user, who cannot enter the home of root.
        return Path("/var/lib/tocsin")
    home = os.environ.get("XDG_DATA_HOME")
    return Path(home) / "tocsin" if home and Path(home).is_absolute() else Path.home() / ".local/share/tocsin"


def owner_for(*places: Path) -> Owner:
    """The user an engine runs as: ourselves, or, for root, whom the first of these places belongs to, else `nobody`.

    PostgreSQL refuses to run as root, and no engine needs it.
    """
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    for place in places:
        with contextlib.suppress(FileNotFoundError):
            status = place.lstat()
            if status.st_uid != 0:
                return Owner(status.st_uid, status.st_gid)
    account = pwd.getpwnam("nobody")
    return Owner(account.pw_uid, account.pw_gid)


def create_directory(directory: Path) -> None:
    """Make the directory and the parents it lacks; what exists already keeps its owner and its mode."""
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True)
        # Root's engines run as someone else, who must be able to pass through, though not to look around.
        place.chmod(0o711 if os.geteuid() == 0 else 0o700)


def create_private(directory: Path, owner: Owner) -> None:
    """Make a directory that only its owner can enter, or make sure that it is one.

    Raises:
        EmbeddedStartError: it exists and is something else.
    """
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner.uid:
            raise EmbeddedStartError(f"{directory} exists and is not a directory of user {owner.uid}") from None
        if status.st_mode & 0o077:
            directory.chmod(0o700)
    else:
        give(directory, owner)


def give(path: Path, owner: Owner) -> None:
    """Hand a file or directory that we have just made to its owner."""
    if os.geteuid() == 0:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def closed_to(owner: Owner, path: Path) -> Path | None:
    """The first directory on the way to the path, itself included, that the owner cannot enter."""
    resolved = path.resolve()
    for place in (*reversed(resolved.parents), resolved):
        with contextlib.suppress(FileNotFoundError):
            status = place.stat()
            shift = 6 if status.st_uid == owner.uid else 3 if status.st_gid == owner.gid else 0
            if owner.uid != 0 and not status.st_mode >> shift & 0o1:
                return place
    return None


def socket_directory(directory: Path, socket_name: str, owner: Owner) -> Path:
    """A private directory for the engine's socket: in its own, or under the temporary one if that is too long.

    Raises:
        EmbeddedStartError: both are too long, or the temporary one is taken by somebody else.
    """
    name = f"tocsin-{owner.uid}-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]}"
    for place in (directory / "run", Path(tempfile.gettempdir()) / name):
        if len(os.fsencode(place / socket_name)) <= SOCKET_PATH_BYTES:
            create_private(place, owner)
            return place
    raise EmbeddedStartError(
        f"no room for a socket: {directory} and {tempfile.gettempdir()} are both longer than a socket's path may be"
    )


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory for one supervisor; the system lets go of it when that process ends, however it ends.

    Raises:
        EmbeddedStartError: another process holds it.
    """
    path = directory / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            raise EmbeddedStartError(f"{directory} is in use by process {holder}; stop it first") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
