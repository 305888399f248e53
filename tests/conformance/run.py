"""`make conformance`: a real server is asked everything that its own description allows, and much that it does not.

Schemathesis makes the requests from the OpenAPI description; every answer must be one that the description has, and
none a fault. A failure prints the request as a `curl` command, and its seed.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from tests.support.processes import Process, free_port, program

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# A stream has no end to wait for; a heartbeat is pinged sixty times at once and then refused with 503; the others would
# end the credential that everything else is asked with.
LEFT_OUT: Final = r"^/v1/(stream|heartbeats/hb_|logout|api-keys/\{|users/me/password)"
# How much longer than its time a run may take to end: the last request of each worker, and its report.
PATIENCE_SECONDS: Final = 120.0


# Keys are a part of what is asked at the doors for events; a made-up one would be refused, and nothing else be learnt.
CONFIGURATION: Final = """\
headers = {{ Authorization = "Bearer {token}" }}

[parameters]
"path.integration_key" = "{key}"

[[operations]]
include-path-regex = "^/v2/alerts"
headers = {{ Authorization = "GenieKey {key}" }}

[[operations]]
include-path-regex = "^/v1/events$"
headers = {{ Authorization = "Bearer {key}" }}
"""


def new_integration_key(url: str, token: str) -> str:
    """Of an integration of any service."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        (service,) = client.get("/v1/services", params={"limit": 1}).raise_for_status().json()["items"]
        wanted = {"service_id": service["id"], "kind": "native", "name": "conformance"}
        made: str = client.post("/v1/integrations", json=wanted).raise_for_status().json()["key"]
        return made


def command(url: str, *, seconds: int, seed: int) -> Sequence[str]:
    return (
        str(Path(sys.executable).with_name("st")),
        "run",
        f"{url}/openapi.json",
        f"--checks={','.join(CHECKS)}",
        "--phases=coverage,fuzzing",
        f"--max-time={seconds}",
        "--max-examples=20",
        f"--seed={seed}",
        f"--exclude-path-regex={LEFT_OUT}",
        "--generation-database=none",
        "--warnings=off",
        "--no-color",
    )


async def run(folder: Path, *, seconds: int, seed: int) -> int:
    """The exit code of Schemathesis: 0 when nothing was found."""
    settings = {"http_address": f"127.0.0.1:{free_port()}"}
    with Process("up", folder / "up.log", settings, cwd=folder) as process:
        await process.ready()
        # With something in each list, so that more than empty pages are answered.
        seeding = await asyncio.create_subprocess_exec(program(), "demo", "seed", cwd=folder)
        assert await seeding.wait() == 0
        token = json.loads((folder / ".tocsin" / "cli.json").read_text())["token"]
        key = await asyncio.to_thread(new_integration_key, process.url, token)
        (folder / "schemathesis.toml").write_text(CONFIGURATION.format(token=token, key=key))
        asked = command(process.url, seconds=seconds, seed=seed)
        asking = await asyncio.create_subprocess_exec(*asked, cwd=folder)
        try:
            async with asyncio.timeout(seconds + PATIENCE_SECONDS):
                return await asking.wait()
        except TimeoutError:
            asking.kill()
            print(f"not done {PATIENCE_SECONDS:g} s after its time", file=sys.stderr)
            return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as somebody else where this runs as root
        return asyncio.run(run(Path(folder), seconds=chosen.seconds, seed=chosen.seed))


if __name__ == "__main__":
    sys.exit(main())
