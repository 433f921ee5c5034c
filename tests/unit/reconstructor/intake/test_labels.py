"""What a sender says beside an image is taken as far as it is harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.contract import FILE_NAME_PROPERTY
from broker.delivery import Incoming
from reconstructor.intake.labels import file_name_of, label_of


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("Tür 1.jpg", "Tür 1.jpg"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\photos\\a.jpg", "C__photos_a.jpg"),
        ("a\x1b[31mb\u202e.jpg", "a_x1b[31mb_u202e.jpg"),
        ("\ufeffa\u200b.jpg", "_a_.jpg"),
        ("..", None),
        (" ", None),
        ("", None),
        ("x" * 400 + ".jpg", "x" * 116 + ".jpg"),
        ("写" * 100 + ".jpg", "写" * 65 + ".jpg"),
        ("写" * 60 + "." + "真" * 60, "写" * 60 + "." + "真" * 6),
        ("CON.jpg", "_CON.jpg"),
        ("com1.raw.jpg", "_com1.raw.jpg"),
        ("console.jpg", "console.jpg"),
    ],
)
def test_a_file_name_is_made_fit_to_be_one(said: str, name: str | None) -> None:
    message = Incoming(topic="t", payload=b"", qos=1, is_retained=False, user_properties=((FILE_NAME_PROPERTY, said),))
    assert file_name_of(message) == name


def test_without_the_property_there_is_no_name() -> None:
    assert file_name_of(Incoming(topic="t", payload=b"", qos=1, is_retained=False)) is None


@given(st.text(max_size=300))
def test_any_text_becomes_a_label_that_is_one_file_name(said: str) -> None:
    label = label_of(said)
    if label is not None:
        assert 0 < len(label) <= 120
        assert len(label.encode()) <= 200
        assert label not in {".", ".."}
        assert not set(label) & set('/\\:*?"<>|\0\n\x1b\u202e\u200b\ufeff')
        assert label_of(label) == label
