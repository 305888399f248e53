import json
from datetime import timedelta

import pytest

from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.sns import AHEAD, OLDEST, NotSignedError, certificate_url, posted, require_signed
from tests.support import topics
from tests.support.topics import DAY, HOST, NOW, PATH, TOPIC

KEY, STRANGERS = topics.new_key(), topics.new_key()
CERTIFICATE = topics.certificate_of(KEY)
URL = f"https://{HOST}{PATH}"
HEX = PATH.removeprefix("/SimpleNotificationService-")


def require(body: bytes, certificate: bytes = CERTIFICATE, *, after: timedelta = timedelta(0)) -> None:
    require_signed(posted(body), certificate, now=NOW + after)


def test_what_is_signed_is_names_and_values_a_line_each() -> None:
    message = posted(json.dumps(topics.posted("hello", Subject="s")).encode())
    assert message.signed == (
        b"Message\nhello\nMessageId\n4d4dc071-ddbf-465d-bba8-08f81c89da64\nSubject\ns\n"
        b"Timestamp\n2026-11-23T12:00:00.000Z\nTopicArn\narn:aws:sns:eu-west-1:210987654321:alarms-prod\n"
        b"Type\nNotification\n"
    )


@pytest.mark.parametrize("subject", [None, "null"])
def test_a_subject_that_is_not_there_is_not_signed(subject: str | None) -> None:
    members = topics.posted("hello")
    body = json.dumps(members if subject is None else {**members, "Subject": None}).encode()
    assert b"Subject" not in posted(body).signed


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_of_a_confirmation_the_token_is_signed_too(kind: str) -> None:
    members = topics.posted("hello", kind=kind, Token="t", SubscribeURL="https://x", Subject="not signed")
    assert posted(json.dumps(members).encode()).signed.startswith(b"Message\nhello\nMessageId\n")
    assert b"SubscribeURL\nhttps://x\nTimestamp\n" in posted(json.dumps(members).encode()).signed
    assert b"\nToken\nt\nTopicArn\n" in posted(json.dumps(members).encode()).signed
    assert b"Subject\n" not in posted(json.dumps(members).encode()).signed


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("text", ["hello", "h\u00e9\n\u2603 \U0001f525", ""])
def test_what_a_topic_signed_is_believed(version: str, text: str) -> None:
    require(topics.signed(topics.posted(text, Subject="a"), KEY, version=version))


def test_another_key_has_not_signed_it() -> None:
    with pytest.raises(NotSignedError, match="signature"):
        require(topics.signed(topics.posted("hello"), STRANGERS))


@pytest.mark.parametrize("member", ["Message", "Subject", "MessageId", "Timestamp", "TopicArn"])
def test_nothing_that_is_signed_can_be_changed(member: str) -> None:
    members = json.loads(topics.signed(topics.posted("hello", Subject="a"), KEY))
    members[member] = {"Timestamp": "2026-11-23T12:00:01.000Z"}.get(member, TOPIC + "x")
    with pytest.raises(NotSignedError, match="signature"):
        require(json.dumps(members).encode())


@pytest.mark.parametrize(
    "changed",
    [
        {"SignatureVersion": "3"},
        {"SignatureVersion": None},
        {"Signature": "?"},
        {"Signature": None},
        {"Signature": "AA=="},
    ],
)
def test_a_signature_that_is_none_is_not_believed(changed: dict[str, str | None]) -> None:
    members = {**json.loads(topics.signed(topics.posted("hello"), KEY)), **changed}
    with pytest.raises(NotSignedError):
        require(json.dumps(members).encode())


def test_version_2_is_not_version_1() -> None:
    members = json.loads(topics.signed(topics.posted("hello"), KEY, version="1"))
    with pytest.raises(NotSignedError):
        require(json.dumps({**members, "SignatureVersion": "2"}).encode())


def test_what_was_sent_over_an_hour_ago_is_a_replay() -> None:
    body = topics.signed(topics.posted("hello"), KEY)
    for within in (OLDEST, -AHEAD):
        require(body, after=within)
    for beyond in (OLDEST + timedelta(seconds=1), -AHEAD - timedelta(seconds=1)):
        with pytest.raises(NotSignedError, match="hour"):
            require(body, after=beyond)
    with pytest.raises(NotSignedError, match="hour"):
        require(topics.signed(topics.posted("hello", Timestamp="soon"), KEY))


@pytest.mark.parametrize(
    "certificate",
    [
        topics.certificate_of(KEY, valid_from=NOW - 2 * DAY, until=NOW - DAY),
        topics.certificate_of(KEY, valid_from=NOW + DAY, until=NOW + 2 * DAY),
        b"",
        b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    ],
)
def test_a_certificate_that_is_not_valid_now_vouches_for_nothing(certificate: bytes) -> None:
    with pytest.raises(NotSignedError):
        require(topics.signed(topics.posted("hello"), KEY), certificate)


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}{PATH}",
        f"https://sns.eu-west-1.amazonaws.com.evil.example{PATH}",
        f"https://evil.example/sns.eu-west-1.amazonaws.com{PATH}",
        f"https://s3.amazonaws.com{PATH}",
        f"https://sns.eu-west-1.s3.amazonaws.com{PATH}",
        f"https://x.{HOST}{PATH}",
        f"https://{HOST}:443{PATH}",
        f"https://{HOST}:8443{PATH}",
        f"https://user@{HOST}{PATH}",
        f"https://{HOST}{PATH}?x=1",
        f"https://{HOST}{PATH}#x",
        f"https://{HOST}/other.pem",
        f"https://{HOST}/x/..{PATH}",
        f"https://{HOST}/SimpleNotificationService-xyz.pem",
        f"https://{HOST}{PATH}\n",
        f"https://SNS.EU-WEST-1.amazonaws.com{PATH}",
        f"https://sns.us-east-1.amazonaws.com{PATH}",
        f"https://[{HOST}{PATH}",
        "",
    ],
)
def test_a_certificate_is_fetched_from_nowhere_but_sns_in_the_topics_region(url: str) -> None:
    message = posted(json.dumps(topics.posted("hello", SigningCertURL=url)).encode())
    with pytest.raises(NotSignedError):
        certificate_url(message)


def test_the_certificate_is_where_sns_says() -> None:
    assert certificate_url(posted(json.dumps(topics.posted("hello")).encode())) == URL
    as_lambda_spells_it = topics.posted("hello", SigningCertURL=None, SigningCertUrl=URL)
    assert certificate_url(posted(json.dumps(as_lambda_spells_it).encode())) == URL
    china = topics.posted(
        "hello",
        TopicArn="arn:aws-cn:sns:cn-north-1:210987654321:alarms",
        SigningCertURL=f"https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-{HEX}",
    )
    assert "cn-north-1" in certificate_url(posted(json.dumps(china).encode()))


def test_a_topic_that_is_none_has_no_certificate() -> None:
    with pytest.raises(NotSignedError, match="TopicArn"):
        certificate_url(posted(json.dumps(topics.posted("hello", TopicArn="arn")).encode()))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"raw text", b'{"Type":"Other","TopicArn":"a","Message":"m"}'])
def test_what_sns_never_posts_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEventError):
        posted(body)
