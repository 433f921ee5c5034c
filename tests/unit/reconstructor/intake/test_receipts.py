"""What a sender says beside an image is taken as far as it is harmless."""

import pytest

from broker.contract import FILE_NAME_PROPERTY
from broker.delivery import Incoming
from reconstructor.intake.receipts import file_name_of


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("Tür 1.jpg", "Tür 1.jpg"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\photos\\a.jpg", "C__photos_a.jpg"),
        ("a\x1b[31mb\u202e.jpg", "a_x1b[31mb_u202e.jpg"),
        ("..", None),
        (" ", None),
        ("", None),
        ("x" * 400 + ".jpg", "x" * 116 + ".jpg"),
    ],
)
def test_a_file_name_is_made_fit_to_be_one(said: str, name: str | None) -> None:
    message = Incoming(topic="t", payload=b"", qos=1, is_retained=False, user_properties=((FILE_NAME_PROPERTY, said),))
    assert file_name_of(message) == name


def test_without_the_property_there_is_no_name() -> None:
    assert file_name_of(Incoming(topic="t", payload=b"", qos=1, is_retained=False)) is None
