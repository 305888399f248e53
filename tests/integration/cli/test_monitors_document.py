"""The commands of docs/integrations.md for monitors and scripts, run as their user runs them."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.server import Answer, RecordedApi

DOCUMENT = (Path(__file__).parents[3] / "docs" / "integrations.md").read_text()
MACROS = {
    "NOTIFICATIONTYPE": "PROBLEM",
    "HOSTNAME": "db-3",
    "HOSTADDRESS": "10.2.0.7",
    "SERVICEDESC": "disk /",
    "SERVICESTATE": "CRITICAL",
    "SERVICEOUTPUT": "-1% free; see (manual) #4",
    "HOSTSTATE": "DOWN",
    "HOSTOUTPUT": "no answer",
}

pytestmark = pytest.mark.process


def section(title: str) -> str:
    return DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def filled(line: str, macros: dict[str, str]) -> str:
    """As Nagios fills in its macros before it hands the line to a shell."""
    return re.sub(r"\$(\w+)\$", lambda found: macros[found[1]], line)


@pytest.fixture
def here(api: RecordedApi, tmp_path: Path) -> "Here":
    api.answers["POST /v1/events"] = Answer(202, {"status": "accepted", "events": [{"dedup_key": "d"}]})
    (tmp_path / "a.key").write_text("k-1\n")
    return Here(api, tmp_path)


class Here:
    """This machine, where the document's address and files are those of the test."""

    def __init__(self, api: RecordedApi, folder: Path) -> None:
        self._api = api
        self._folder = folder

    def sh(self, script: str) -> list[dict[str, Any]]:
        """What the script sent."""
        script = script.replace("https://tocsin.example", self._api.url)
        script = re.sub(r"/etc/tocsin/\w+\.key", str(self._folder / "a.key"), script)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env=inherited | {"PATH": path},
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert {asked.headers["authorization"] for asked in self._api.asked} == {"Bearer k-1"}
        return [asked.body for asked in self._api.asked]


def test_the_commands_of_nagios(here: Here) -> None:
    service, host = re.findall(r"command_line +(.+)", section("Nagios and Icinga"))

    assert here.sh(filled(service, MACROS))[-1] == {
        "action": "trigger",
        "dedup_key": "event_source=service;host_name=db-3;service_desc=disk /",
        "summary": "disk / on db-3 is CRITICAL: -1% free; see (manual) #4",
        "source": "10.2.0.7",
        "severity": "critical",
        "labels": {"host": "db-3", "service": "disk /"},
    }
    assert here.sh(filled(service, MACROS | {"NOTIFICATIONTYPE": "RECOVERY"}))[-1]["action"] == "resolve"
    assert here.sh(filled(host, MACROS))[-1]["summary"] == "db-3 is DOWN: no answer"


def test_the_arguments_of_icinga_are_those_of_nagios() -> None:
    known = set(re.findall(r"(--\w+) \"\$", section("Nagios and Icinga")))
    assert set(re.findall(r'"(--\w+)" =', section("Nagios and Icinga"))) == known


def test_the_script_for_cron(here: Here) -> None:
    (script,) = re.findall(r"```sh\n(.+?)```", section("Shell scripts and cron"), re.DOTALL)

    triggered = here.sh("backup() { return 1; }\n" + script)[-1]
    resolved = here.sh("backup() { return 0; }\n" + script)[-1]

    assert (triggered["action"], triggered["dedup_key"]) == ("trigger", "backup")
    assert (resolved["action"], resolved["dedup_key"]) == ("resolve", "backup")
