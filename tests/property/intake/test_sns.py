"""Whatever is posted as SNS's, it is believed, malformed or not signed: nothing else comes of it."""

import contextlib
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.sns import NotSignedError, certificate_url, posted, require_signed
from tests.support import topics
from tests.support.topics import HOST, NOW, PATH

KEY = topics.new_key()
CERTIFICATE = topics.certificate_of(KEY)

texts = st.one_of(st.text(max_size=40), st.sampled_from(["", "1", "2", "Notification", topics.TOPIC, "AA=="]))
members = st.dictionaries(
    st.sampled_from(["Type", "TopicArn", "Message", "Subject", "Timestamp", "Signature", "SignatureVersion", "Token"]),
    st.one_of(texts, st.none(), st.integers(), st.lists(texts, max_size=2)),
)
addresses = st.one_of(
    texts,
    st.builds(
        lambda scheme, host, path, end: f"{scheme}://{host}{path}{end}",
        st.sampled_from(["https", "http", "ftp", "HTTPS"]),
        st.one_of(
            st.sampled_from([HOST, f"a@{HOST}", f"{HOST}:443", f"{HOST}.evil.example", "[::1]", "s3.amazonaws.com"])
        ),
        st.sampled_from([PATH, "/", "/x.pem", f"/..{PATH}"]),
        st.sampled_from(["", "?a=b", "#a", "\n", " ", "\x00"]),
    ),
)


@given(body=st.one_of(st.binary(max_size=200), members.map(lambda each: json.dumps(each).encode())))
def test_any_bytes_are_a_message_of_sns_or_malformed(body: bytes) -> None:
    with contextlib.suppress(MalformedEventError):
        assert isinstance(posted(body).signed, bytes)


@given(url=addresses)
def test_no_address_leads_anywhere_but_to_sns(url: str) -> None:
    message = posted(json.dumps(topics.posted("hello", SigningCertURL=url)).encode())
    with contextlib.suppress(NotSignedError):
        assert certificate_url(message) == f"https://{HOST}{PATH}"


@given(text=st.text(), changed=members, after=st.integers(-7200, 7200))
def test_a_message_is_believed_only_as_it_was_signed(text: str, changed: dict[str, object], after: int) -> None:
    signed = json.loads(topics.signed(topics.posted(text, Subject="s"), KEY))
    body = json.dumps({**signed, **changed}).encode()
    try:
        message = posted(body)
        require_signed(message, CERTIFICATE, now=NOW + timedelta(seconds=after))
    except (MalformedEventError, NotSignedError):
        return
    original = posted(json.dumps(signed).encode())
    assert message.signed == original.signed
    assert -300 <= after <= 3600


@given(certificate=st.binary(max_size=100))
def test_no_bytes_for_a_certificate_vouch_for_anything(certificate: bytes) -> None:
    message = posted(topics.signed(topics.posted("hello"), KEY))
    with pytest.raises(NotSignedError):
        require_signed(message, certificate, now=NOW)
