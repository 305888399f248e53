"""One integration that sends a hundred events at a time: `python -m tests.faults.noise URL KEY NAME PAUSE_SECONDS`.

Writes a line when it could begin, and begins when it is given one.
"""

import asyncio
import sys

import aiohttp


async def make_noise(url: str, key: str, name: str, pause_seconds: float) -> None:
    """Until it is ended."""
    batch = [{"action": "trigger", "dedup_key": f"{name}-{number % 50}", "summary": name} for number in range(100)]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as client:
        while True:
            async with client.post(f"{url}/v1/events", json={"events": batch}) as answer:
                assert answer.status == 202, await answer.text()
            await asyncio.sleep(pause_seconds)


if __name__ == "__main__":
    server_url, integration_key, prefix, pause = sys.argv[1:]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    asyncio.run(make_noise(server_url, integration_key, prefix, float(pause)))
