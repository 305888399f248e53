"""Where the commands find their server: the environment, else what `tocsin up` left in this folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapters.inbound.cli.exit_code import CommandError, ExitCode

FILE: Final = "cli.json"
DATA_DIRECTORY: Final = ".tocsin"

HOW_TO_GET_ONE: Final = (
    "no server is known here: run `tocsin up` in this folder, or set TOCSIN_URL and TOCSIN_TOKEN to one that runs"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The file that `tocsin up` writes. What an older version did not write is empty."""

    url: str = ""
    token: str = field(default="", repr=False)
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    secret_key_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    url: str
    token: str = field(repr=False)  # empty: none is known


def profile_path(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("TOCSIN_DATA_DIRECTORY") or DATA_DIRECTORY) / FILE


def read_profile(path: Path) -> Profile | None:
    """None when there is no such file. Raises `CommandError` when it cannot be read."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}; set TOCSIN_URL instead", ExitCode.USAGE) from None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        message = f"{path} is no profile: remove it, then start `tocsin up` again, which writes a new one"
        raise CommandError(message, ExitCode.USAGE)
    known = {name: content[name] for name in Profile.__slots__ if isinstance(content.get(name), str)}
    return Profile(**known)


def find_url(environment: Mapping[str, str]) -> str:
    """The file is not read when the environment says it: a monitor's user may not be let to. Raises `CommandError`."""
    return _url_of(environment) or find_server(environment).url


def find_server(environment: Mapping[str, str]) -> Server:
    """The environment counts more than the file. Raises `CommandError`, which says how to get a server.

    The file's token is for the file's server: it is not sent to another one.
    """
    url = _url_of(environment)
    token = environment.get("TOCSIN_TOKEN", "").strip()
    profile = None if url and token else read_profile(profile_path(environment))
    if not url:
        if profile is None or not profile.url:
            raise CommandError(HOW_TO_GET_ONE, ExitCode.USAGE)
        url = profile.url.rstrip("/")
    if not token and profile is not None and profile.url.rstrip("/") == url:
        token = profile.token
    return Server(url=url, token=token)


def _url_of(environment: Mapping[str, str]) -> str:
    return environment.get("TOCSIN_URL", "").strip().rstrip("/")
