import json
from pathlib import Path

import pytest

from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.profile import Server, find_server, profile_path, read_profile

PROFILE = {"url": "http://127.0.0.1:8080", "token": "tsk_file", "database_url": "postgresql://x", "later": True}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "cli.json").write_text(json.dumps(PROFILE))
    return {"TOCSIN_DATA_DIRECTORY": str(tmp_path)}


def test_without_a_variable_the_profile_is_in_this_folder() -> None:
    assert profile_path({}) == Path(".tocsin/cli.json")


def test_the_profile_of_up_is_enough(environment: dict[str, str]) -> None:
    assert find_server(environment) == Server(url="http://127.0.0.1:8080", token="tsk_file")


def test_the_environment_counts_more(environment: dict[str, str]) -> None:
    environment |= {"TOCSIN_URL": "https://tocsin.example.com/", "TOCSIN_TOKEN": "tsk_mine"}
    assert find_server(environment) == Server(url="https://tocsin.example.com", token="tsk_mine")


def test_another_token_may_be_used_with_the_profile_s_server(environment: dict[str, str]) -> None:
    assert find_server({**environment, "TOCSIN_TOKEN": "tsk_mine"}).token == "tsk_mine"
    assert find_server({**environment, "TOCSIN_TOKEN": "tsk_mine"}).url == "http://127.0.0.1:8080"


def test_the_profile_s_token_is_not_sent_to_another_server(environment: dict[str, str]) -> None:
    assert find_server({**environment, "TOCSIN_URL": "http://elsewhere.example.com"}).token == ""
    assert find_server({**environment, "TOCSIN_URL": "http://127.0.0.1:8080/"}).token == "tsk_file"


def test_without_either_the_error_says_how_to_get_a_server(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="run `tocsin up` in this folder, or set TOCSIN_URL") as caught:
        find_server({"TOCSIN_DATA_DIRECTORY": str(tmp_path)})
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_broken_profile_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "cli.json").write_text(content)
    with pytest.raises(CommandError, match="is no profile: remove it"):
        read_profile(tmp_path / "cli.json")


def test_a_profile_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "cli.json").mkdir()
    with pytest.raises(CommandError, match="Is a directory"):
        read_profile(tmp_path / "cli.json")


def test_secrets_are_not_in_the_representation(environment: dict[str, str]) -> None:
    profile = read_profile(profile_path(environment))
    assert "tsk_file" not in repr(profile)
    assert "postgresql" not in repr(profile)
    assert "tsk_file" not in repr(find_server(environment))
