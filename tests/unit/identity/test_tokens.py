"""OWASP ASVS 5.0, 9.1 and 9.2: no token but ours, for this purpose, for now."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.outbound.security.link_tokens import SealedLinkTokens
from adapters.outbound.security.secrets import HmacRefreshTokens, derived_key
from adapters.outbound.security.tokens import JwtTokenIssuer
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.system.randomness import SeededRandomness
from application.errors import UnauthenticatedError
from domain.shared.ids import IncidentId, SessionId, UserId
from tests.support.identity import NEXT_SECRET, SECRET, START

USER, SESSION, INCIDENT = UserId(UUID(int=1)), SessionId(UUID(int=2)), IncidentId(UUID(int=3))
ISSUER = JwtTokenIssuer(SECRET, UuidFactory())
PRIVATE = Ed25519PrivateKey.from_private_bytes(derived_key(SECRET, "access tokens"))
PUBLIC_RAW = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
GOOD = ISSUER.issue_access(USER, SESSION, at=START).token
HEADER: Mapping[str, object] = jwt.get_unverified_header(GOOD)
CLAIMS: Mapping[str, object] = jwt.decode(GOOD, options={"verify_signature": False})
NOW = int(START.timestamp())


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(
    header: Mapping[str, object] = HEADER,
    claims: object = CLAIMS,
    sign: Callable[[bytes], bytes] = PRIVATE.sign,
) -> str:
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(sign(text.encode()))}"


def with_header(**changes: object) -> str:
    return signed({**HEADER, **changes})


def with_claims(**changes: object) -> str:
    return signed(claims={**CLAIMS, **changes})


def without_claim(name: str) -> str:
    return signed(claims={key: value for key, value in CLAIMS.items() if key != name})


def by_hmac(key: bytes) -> str:
    return signed({**HEADER, "alg": "HS256"}, sign=lambda text: hmac.digest(key, text, "sha256"))


def by_ec() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(dict(CLAIMS), key, algorithm="ES256", headers={"typ": HEADER["typ"], "kid": HEADER["kid"]})


def by_rsa() -> str:
    key = rsa.generate_private_key(65537, 2048)
    return jwt.encode(dict(CLAIMS), key, algorithm="RS256", headers={"typ": HEADER["typ"], "kid": HEADER["kid"]})


STRANGER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"stranger").digest())
STRANGER_JWK = {"kty": "OKP", "crv": "Ed25519", "x": b64(STRANGER.public_key().public_bytes_raw())}
HEAD, BODY, SIGNATURE = GOOD.split(".")

CORPUS: Mapping[str, str] = {
    "empty": "",
    "one word": "token",
    "dots only": "..",
    "four parts": GOOD + ".x",
    "not base64": "!.!.!",
    "not JSON": f"{b64(b'{')}.{b64(b'{')}.{b64(b'x')}",
    "header is a list": f"{b64(b'[]')}.{BODY}.{SIGNATURE}",
    "header is null": f"{b64(b'null')}.{BODY}.{SIGNATURE}",
    "header not text": f"{b64(bytes([255, 254]))}.{BODY}.{SIGNATURE}",
    "header deeply nested": f"{b64(b'[' * 1500)}.{BODY}.{SIGNATURE}",
    "claims are a list": signed(claims=[1]),
    "claims are text": signed(claims="x"),
    "alg none": signed({**HEADER, "alg": "none"}, sign=lambda _: b""),
    "alg None": signed({**HEADER, "alg": "None"}, sign=lambda _: b""),
    "alg nOnE": signed({**HEADER, "alg": "nOnE"}, sign=lambda _: b""),
    "alg missing": signed({key: value for key, value in HEADER.items() if key != "alg"}),
    "alg null": with_header(alg=None),
    "alg a number": with_header(alg=1),
    "alg a list": with_header(alg=["EdDSA"]),
    "HS256 by the public key, PEM": by_hmac(PUBLIC_PEM),
    "HS256 by the public key, raw": by_hmac(PUBLIC_RAW),
    "HS256 by nothing": by_hmac(b""),
    "ES256 by another key": by_ec(),
    "RS256 by another key": by_rsa(),
    "signature stripped": f"{HEAD}.{BODY}.",
    "signature and dot stripped": f"{HEAD}.{BODY}",
    "signature of another token": f"{HEAD}.{BODY}.{ISSUER.issue_access(USER, SESSION, at=START).token.split('.')[2]}",
    "signature with a bit turned": f"{HEAD}.{BODY}.{b64(bytes([PRIVATE.sign(b'')[0] ^ 1]) + PRIVATE.sign(b'')[1:])}",
    "body exchanged": f"{HEAD}.{b64(json.dumps({**CLAIMS, 'sub': str(UUID(int=9))}).encode())}.{SIGNATURE}",
    "key of a stranger": signed(sign=STRANGER.sign),
    "key of a stranger in jwk": signed({**HEADER, "jwk": STRANGER_JWK}, sign=STRANGER.sign),
    "key of a stranger at jku": signed({**HEADER, "jku": "https://stranger.test/keys"}, sign=STRANGER.sign),
    "key of a stranger at x5u": signed({**HEADER, "x5u": "https://stranger.test/keys"}, sign=STRANGER.sign),
    "jwk with our signature": with_header(jwk=STRANGER_JWK),
    "crit": with_header(crit=["exp"]),
    "b64 false": with_header(b64=False, crit=["b64"]),
    "kid up the tree": with_header(kid="../../../../dev/null"),
    "kid with SQL": with_header(kid="x' UNION SELECT 'secret'--"),
    "kid missing": signed({key: value for key, value in HEADER.items() if key != "kid"}),
    "kid a number": with_header(kid=7),
    "typ JWT": with_header(typ="JWT"),
    "typ missing": signed({key: value for key, value in HEADER.items() if key != "typ"}),
    "typ of a link": with_header(typ="link+jwt"),
    "expired": with_claims(exp=NOW - 1),
    "expires now": with_claims(exp=NOW),
    "exp text": with_claims(exp=str(NOW + 600)),
    "exp true": with_claims(exp=True),
    "exp null": with_claims(exp=None),
    "exp infinite": with_claims(exp=float("inf")),
    "nbf in the future": with_claims(nbf=NOW + 3600),
    "nbf text": with_claims(nbf="soon"),
    "iat in the future": with_claims(iat=NOW + 3600),
    "aud of a link": with_claims(aud="tocsin/link"),
    "aud of another": with_claims(aud="other"),
    "aud empty": with_claims(aud=[]),
    "aud a number": with_claims(aud=1),
    "iss of another": with_claims(iss="https://stranger.test"),
    "iss a list": with_claims(iss=["tocsin"]),
    "sub a number": with_claims(sub=1),
    "sub no id": with_claims(sub="admin"),
    "sid no id": with_claims(sid="x"),
    "sid missing": without_claim("sid"),
    **{f"{name} missing": without_claim(name) for name in ("exp", "sub", "jti", "aud", "iss", "iat")},
    "of another installation": JwtTokenIssuer(bytes(32), UuidFactory()).issue_access(USER, SESSION, at=START).token,
    "of another issuer": JwtTokenIssuer(SECRET, UuidFactory(), "b").issue_access(USER, SESSION, at=START).token,
    "a link's token": SealedLinkTokens(SECRET).issue_link(INCIDENT, USER, expires_at=START + timedelta(days=1)),
    "a refresh token": HmacRefreshTokens(SECRET, SeededRandomness(1)).first(SESSION),
    "white space around": f" {GOOD} ",
    "not ASCII": GOOD + "é",
}


def test_the_corpus_is_built_from_a_token_that_is_good() -> None:
    """Else all of it might be refused for one reason that has nothing to do with each case."""
    assert ISSUER.read_access(GOOD, at=START) == (USER, SESSION)
    assert ISSUER.read_access(signed(), at=START) == (USER, SESSION)


@pytest.mark.parametrize("case", CORPUS)
def test_every_token_of_the_corpus_is_refused(case: str) -> None:
    with pytest.raises(UnauthenticatedError):
        ISSUER.read_access(CORPUS[case], at=START)


def test_an_access_token_is_good_for_ten_minutes() -> None:
    access = ISSUER.issue_access(USER, SESSION, at=START)
    assert access.expires_in == timedelta(minutes=10)
    assert ISSUER.read_access(access.token, at=START + timedelta(minutes=9, seconds=59)) == (USER, SESSION)
    with pytest.raises(UnauthenticatedError):
        ISSUER.read_access(access.token, at=START + timedelta(minutes=10))


def test_a_clock_that_is_a_little_behind_does_not_refuse_a_new_token() -> None:
    assert ISSUER.read_access(GOOD, at=START - timedelta(seconds=30)) == (USER, SESSION)
    with pytest.raises(UnauthenticatedError):
        ISSUER.read_access(GOOD, at=START - timedelta(seconds=90))


def test_the_header_follows_rfc_9068() -> None:
    assert HEADER["typ"] == "at+jwt"
    assert HEADER["alg"] == "EdDSA"
    assert CLAIMS.keys() >= {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}


def test_a_short_server_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes, and needs 32"):
        JwtTokenIssuer(bytes(31), UuidFactory())


NEXT = JwtTokenIssuer(NEXT_SECRET, UuidFactory(), previous=SECRET)


def test_what_was_signed_under_the_secret_before_counts_while_it_is_known() -> None:
    assert NEXT.read_access(GOOD, at=START) == (USER, SESSION)


def test_what_is_signed_is_signed_under_the_new_secret() -> None:
    token = NEXT.issue_access(USER, SESSION, at=START).token
    assert JwtTokenIssuer(NEXT_SECRET, UuidFactory()).read_access(token, at=START)
    with pytest.raises(UnauthenticatedError):
        ISSUER.read_access(token, at=START)


@pytest.mark.parametrize("name", CORPUS)
def test_a_secret_before_lets_nothing_more_pass(name: str) -> None:
    with pytest.raises(UnauthenticatedError):
        NEXT.read_access(CORPUS[name], at=START)


def test_nothing_secret_shows_in_the_representation() -> None:
    assert "secret" not in repr(ISSUER).lower()
    assert "Key" not in repr(ISSUER)
