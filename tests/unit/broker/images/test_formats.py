"""Does the one table of image formats agree with itself and with Pillow?"""

from PIL import Image

from broker.images.formats import FORMAT_BY_CONTENT_TYPE, FORMAT_BY_NAME, FORMAT_BY_SUFFIX, IMAGE_FORMATS, READ_FORMATS


def test_names_suffixes_and_content_types_belong_to_one_format_each() -> None:
    assert len(FORMAT_BY_NAME) == sum(len(each.names) for each in IMAGE_FORMATS)
    assert len(FORMAT_BY_SUFFIX) == sum(len(each.suffixes) for each in IMAGE_FORMATS)
    assert len(FORMAT_BY_CONTENT_TYPE) == len(IMAGE_FORMATS)


def test_pillow_knows_every_format_under_the_same_content_type() -> None:
    Image.init()
    assert set(READ_FORMATS) <= set(Image.OPEN)
    assert set(FORMAT_BY_NAME) <= set(Image.MIME)
    assert {name: Image.MIME[name] for name in READ_FORMATS} == {
        name: FORMAT_BY_NAME[name].content_type for name in READ_FORMATS
    }
