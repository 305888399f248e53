import pytest

from adapters.inbound.twilio.signature import is_from_twilio

# The example of Twilio's own libraries
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_signature_is_the_one_of_twilios_example() -> None:
    assert is_from_twilio(URL, FIELDS, signature=SIGNATURE, auth_tokens=("12345",))
    assert is_from_twilio(URL, FIELDS, signature=SIGNATURE, auth_tokens=("another", "12345"))


@pytest.mark.parametrize("signature", [None, "", SIGNATURE[:-1], SIGNATURE.lower(), "\udcff", "é" * 28])
def test_any_other_signature_is_not_twilios(signature: str | None) -> None:
    assert not is_from_twilio(URL, FIELDS, signature=signature, auth_tokens=("12345",))


@pytest.mark.parametrize("url", [URL + "&", URL.replace("https", "http"), URL.replace(".com", ".com:443"), URL[:-1]])
def test_another_address_is_not_the_one_that_was_signed(url: str) -> None:
    assert not is_from_twilio(url, FIELDS, signature=SIGNATURE, auth_tokens=("12345",))


def test_every_field_is_signed_and_so_is_that_there_are_no_others() -> None:
    for name in FIELDS:
        without = {each: values for each, values in FIELDS.items() if each != name}
        assert not is_from_twilio(URL, without, signature=SIGNATURE, auth_tokens=("12345",))
    assert not is_from_twilio(URL, {**FIELDS, "Extra": [""]}, signature=SIGNATURE, auth_tokens=("12345",))


@pytest.mark.parametrize("tokens", [(), ("",), ("12346",)])
def test_without_the_token_nothing_is_twilios(tokens: tuple[str, ...]) -> None:
    assert not is_from_twilio(URL, FIELDS, signature=SIGNATURE, auth_tokens=tokens)
