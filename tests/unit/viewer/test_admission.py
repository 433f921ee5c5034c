"""The Authorization header, as browsers and curl send it and as nobody should."""

import base64

import pytest

from viewer.admission import decode_basic


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_name_and_password_are_read_with_colons_and_umlauts() -> None:
    assert decode_basic(f"Basic {encode('anna:pa:ss')}") == ("anna", "pa:ss")
    assert decode_basic(f"basic {encode('anna:Brücke')}") == ("anna", "Brücke")
    assert decode_basic(f"Basic {encode('anna:')}") == ("anna", "")


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer abc", f"Basic {encode('anna')}", "Basic /w=="])
def test_another_scheme_or_broken_header_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_basic(header)
