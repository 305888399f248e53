"""What SNS posts: its envelope, what of it is signed, and by whose certificate.

Amazon SNS developer guide, "Parsing Amazon SNS message formats" and "Verifying the signatures of Amazon SNS messages".
A good signature only proves that some topic sent it, and anybody may have one: which topics may is on the integration.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from adapters.inbound.intake import timestamps
from adapters.inbound.intake.envelope import attributes_of
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.reading import read
from domain.service.integration import TOPIC_ARN

NOTIFICATION: Final = "Notification"
SUBSCRIPTION: Final = "SubscriptionConfirmation"
UNSUBSCRIPTION: Final = "UnsubscribeConfirmation"
RAW_DELIVERY_HEADER: Final = "x-amz-sns-rawdelivery"
# SNS tries again for an hour at most ("Message delivery retries"); what is signed earlier is a replay.
OLDEST: Final = timedelta(hours=1)
AHEAD: Final = timedelta(minutes=5)  # as far as clocks may differ

# Anything looser, such as every host below amazonaws.com, would let whoever has a bucket there serve a certificate.
_HOST: Final = re.compile(r"sns\.([a-z0-9-]{3,})\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE_PATH: Final = re.compile(r"/SimpleNotificationService-[0-9a-f]+\.pem")
_HASHES: Final = {"1": SHA1, "2": SHA256}
_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_DECODER: Final = msgspec.json.Decoder(dict[str, object])


class NotSignedError(Exception):
    """It is not what a topic of SNS signed lately. The sentence says why."""


class Posted(NamedTuple):
    """One request of SNS; its members are as they were before they were JSON, which is what is signed."""

    members: dict[str, str]
    attributes: Mapping[str, str] = MappingProxyType({})  # of the message; nobody signs them

    @property
    def kind(self) -> str:
        return self.members["Type"]

    @property
    def topic_arn(self) -> str:
        return self.members["TopicArn"]

    @property
    def region(self) -> str:
        """Raises `NotSignedError` when the topic's ARN is none."""
        found = TOPIC_ARN.fullmatch(self.topic_arn)
        if found is None:
            raise NotSignedError("its TopicArn is none")
        return found[1]

    @property
    def signed(self) -> bytes:
        """What the signature is over: names and values, a line each, by name; an absent subject is left out."""
        names = [name for name in _SIGNED[self.kind] if name in self.members]
        return "".join(f"{name}\n{self.members[name]}\n" for name in names).encode("utf-8", "surrogatepass")


def posted(body: bytes) -> Posted:
    """Raises `MalformedEventError`: no JSON object, or not what SNS posts."""
    document = read(_DECODER, body)
    members = {name: value for name, value in document.items() if isinstance(value, str)}
    if members.get("Type") not in _SIGNED or "TopicArn" not in members or "Message" not in members:
        raise MalformedEventError([FieldError("", "is not what SNS posts; raw message delivery has to be off")])
    return Posted(members, attributes_of(document.get("MessageAttributes")))


def certificate_url(message: Posted) -> str:
    """Where the certificate of its signature is, which is SNS itself in the topic's own region.

    Raises:
        NotSignedError: it would be somewhere else.
    """
    url = message.members.get("SigningCertURL") or message.members.get("SigningCertUrl") or ""
    try:
        parts = urlsplit(url)
        # As it would be written with nothing else in it: no port, no user, no query, no line end that parsing drops.
        is_plain = url == f"https://{parts.hostname}{parts.path}"
    except ValueError:
        is_plain = False
    host = _HOST.fullmatch(parts.netloc) if is_plain else None
    if host is None or _CERTIFICATE_PATH.fullmatch(parts.path) is None:
        raise NotSignedError("its certificate is not where those of SNS are")
    if host[1] != message.region:
        raise NotSignedError("its certificate is of another region than its topic")
    return url


def require_signed(message: Posted, certificate: bytes, *, now: datetime) -> None:
    """The certificate came from SNS over TLS, which is what vouches for it: its issuer is not served with it.

    Raises:
        NotSignedError: too old, another signature, or a certificate that is none or is not valid now.
    """
    sent_at = timestamps.parse(message.members.get("Timestamp"))
    if sent_at is None or not -AHEAD <= now - sent_at <= OLDEST:
        raise NotSignedError("it was not sent within the last hour")
    hash_of = _HASHES.get(message.members.get("SignatureVersion", ""))
    if hash_of is None:
        raise NotSignedError("its SignatureVersion is neither 1 nor 2")
    try:
        key = _key_of(certificate, now)
        signature = base64.b64decode(message.members.get("Signature", ""), validate=True)
        key.verify(signature, message.signed, PKCS1v15(), hash_of())  # what version 1 is signed with
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError) as error:
        raise NotSignedError(str(error) or "its signature is not of its certificate's key") from None


def _key_of(certificate: bytes, now: datetime) -> RSAPublicKey:
    """Raises `ValueError`."""
    read_certificate = x509.load_pem_x509_certificate(certificate)
    if not read_certificate.not_valid_before_utc <= now <= read_certificate.not_valid_after_utc:
        raise ValueError("its certificate is not valid now")
    key = read_certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("its certificate is of another kind of key")  # noqa: TRY004  # as every other flaw of it
    return key
