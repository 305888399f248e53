"""What a server imports it keeps, so it asks whether the schema is its own without what makes the schema."""

import subprocess
import sys

from alembic.script import ScriptDirectory

from entrypoints.database import head, known_revisions
from entrypoints.migrate import alembic_config

NEEDED_ELSEWHERE = {
    "aiobotocore",
    "aiosmtpd",
    "alembic",
    "entrypoints.worker",
    "icalendar",
    "slack_sdk",
    "sqlalchemy.ext.asyncio",
}


def test_the_revisions_are_those_that_alembic_finds_and_so_is_the_last_of_them() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    assert known_revisions() == {each.revision: each.down_revision for each in scripts.walk_revisions()}
    assert head() == scripts.get_current_head()


def test_a_server_imports_nothing_that_only_other_roles_or_settings_need() -> None:
    program = "import sys, entrypoints.processes, entrypoints.database as it; it.head(); print(*sys.modules)"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not NEEDED_ELSEWHERE & set(run.stdout.split())
