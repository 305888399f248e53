import pytest

from adapters.inbound.cli.client import ApiClient
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from tests.integration.cli.conftest import Tocsin
from tests.integration.cli.recorded import TEAM, page
from tests.integration.cli.server import HANG, Answer, RecordedApi, problem


def _refusal(client: ApiClient, path: str = "/v1/incidents/9") -> CommandError:
    with pytest.raises(CommandError) as caught:
        client.get(path)
    return caught.value


def test_it_says_who_asks_and_through_which_door(api: RecordedApi) -> None:
    api.answers["GET /v1/incidents"] = Answer(200, page())
    ApiClient(api.url, "tsk_1").get("/v1/incidents", {"status": "open", "cursor": None, "limit": 2})
    (asked,) = api.asked
    assert asked.path == "/v1/incidents?status=open&limit=2"
    assert asked.headers["authorization"] == "Bearer tsk_1"
    assert asked.headers["x-tocsin-via"] == "cli"


def test_without_a_token_it_sends_none(api: RecordedApi) -> None:
    api.answers["POST /v1/setup"] = Answer(200, {"access_token": "x"})
    ApiClient(api.url, "").post("/v1/setup", {"setup_secret": "s"})
    assert "authorization" not in api.asked[0].headers
    assert api.asked[0].body == {"setup_secret": "s"}


def test_a_url_may_have_a_path(api: RecordedApi) -> None:
    api.answers["GET /tocsin/v1/incidents"] = Answer(200, page())
    assert ApiClient(f"{api.url}/tocsin", "t").get("/v1/incidents") == page()


def test_it_follows_no_redirect(api: RecordedApi) -> None:
    api.answers["GET /v1/incidents/9"] = Answer(302, None, {"Location": f"{api.url}/elsewhere"})
    assert _refusal(ApiClient(api.url, "tsk_1")).exit_code is ExitCode.FAILURE
    assert [asked.path for asked in api.asked] == ["/v1/incidents/9"]


def test_a_server_that_does_not_answer_is_unavailable(api: RecordedApi) -> None:
    api.answers["GET /v1/incidents/9"] = HANG
    error = _refusal(ApiClient(api.url, "t", timeout_seconds=0.1))
    assert error.exit_code is ExitCode.UNAVAILABLE
    assert "did not answer within 0.1 s: try again" in str(error)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    error = _refusal(ApiClient("http://127.0.0.1:1", "t"))
    assert error.exit_code is ExitCode.UNAVAILABLE
    assert "is it running, and is TOCSIN_URL right?" in str(error)


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8080", "http://", "http://x:port", "http://[::1"])
def test_a_url_that_is_none_is_a_usage_error(url: str) -> None:
    assert _refusal(ApiClient(url, "t")).exit_code is ExitCode.USAGE


def test_a_token_with_a_line_break_is_a_usage_error(api: RecordedApi) -> None:
    assert _refusal(ApiClient(api.url, "tsk\r\nX-Evil: 1")).exit_code is ExitCode.USAGE
    assert api.asked == []


@pytest.mark.parametrize("content", [b"<html>", b"\xff"])
def test_an_answer_that_is_no_json_is_a_failure(api: RecordedApi, content: bytes) -> None:
    api.answers["GET /v1/incidents/9"] = Answer(200, content)
    assert "is TOCSIN_URL right?" in str(_refusal(ApiClient(api.url, "t")))


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (
            problem(404, "not_found", "there is no incident 9"),
            ExitCode.NOT_FOUND,
            "there is no incident 9; see `tocsin incident list`",
        ),
        (
            problem(422, "x", "1 value is not valid.", errors=[{"pointer": "#/title", "detail": "must be a string"}]),
            ExitCode.USAGE,
            "1 value is not valid: title must be a string",
        ),
        (
            problem(422, "x", "/summary: is required", errors=[{"pointer": "#/summary", "detail": "is required"}]),
            ExitCode.USAGE,
            "/summary: is required",
        ),
        (
            Answer(429, {"detail": "too many attempts"}, {"Retry-After": "7"}),
            ExitCode.UNAVAILABLE,
            "too many attempts; try again in 7 s",
        ),
        (
            problem(500, "internal_error", "Something went wrong."),
            ExitCode.FAILURE,
            "Something went wrong; the server's log tells more of request r-1",
        ),
        (Answer(502, b"<html>bad gateway"), ExitCode.UNAVAILABLE, "the server answered 502 without a reason"),
        (Answer(403, ["odd"]), ExitCode.AUTH, "the server answered 403 without a reason"),
    ],
)
def test_a_refusal_says_why_and_what_to_do_next(api: RecordedApi, answer: Answer, code: ExitCode, said: str) -> None:
    api.answers["GET /v1/incidents/9"] = answer
    error = _refusal(ApiClient(api.url, "t"))
    assert error.exit_code is code
    assert str(error).startswith(said)


def test_a_list_is_read_through_its_pages(api: RecordedApi) -> None:
    api.answers["GET /v1/teams"] = [
        Answer(200, page({"id": 1}, {"id": 2}, next_cursor="c 1")),
        Answer(200, page({"id": 3})),
    ]
    assert [row["id"] for row in ApiClient(api.url, "t").each("/v1/teams")] == [1, 2, 3]
    assert [asked.path for asked in api.asked] == ["/v1/teams?limit=200", "/v1/teams?limit=200&cursor=c+1"]


def test_a_list_is_read_no_further_than_wanted(api: RecordedApi) -> None:
    api.answers["GET /v1/teams"] = Answer(200, page({"id": 1}, {"id": 2}, next_cursor="c"))
    assert len(list(ApiClient(api.url, "t").each("/v1/teams", most=4))) == 4
    assert [asked.path.rpartition("limit=")[2] for asked in api.asked] == ["4", "2&cursor=c"]


def test_what_is_named_is_asked_for_by_its_name_and_ids_stand_in_one_request_for_many(
    api: RecordedApi, tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    silence = {"matchers": "a", "state": "active", "ends_at": "2026-11-23T13:00:00Z", "comment": "", "id": "s"}
    rows = [silence | {"author_id": f"user-{number:03}"} for number in range(150)]
    named = [{"id": row["author_id"], "name": row["author_id"].upper()} for row in rows]
    api.answers |= {
        "GET /v1/teams": Answer(200, page(TEAM)),
        "GET /v1/silences": Answer(200, page(*rows)),
        "GET /v1/users": [Answer(200, page(*named[:100])), Answer(200, page(*named[100:]))],
    }
    assert tocsin("silence", "list", "--team", "payments", "--limit", "150") == 0
    asked = [each.path for each in api.asked]
    assert asked[0] == "/v1/teams?name=payments&limit=200"
    assert [path.count("id=user-") for path in asked if path.startswith("/v1/users")] == [100, 50]
    assert "USER-149" in capsys.readouterr().out
