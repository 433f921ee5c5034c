"""Does the one table of image formats agree with itself and with Pillow?"""

from PIL import Image

from broker.images.formats import FORMAT_BY_CONTENT_TYPE, FORMAT_BY_NAME, FORMAT_BY_SUFFIX, HEIC, IMAGE_FORMATS


def test_names_suffixes_and_content_types_belong_to_one_format_each() -> None:
    assert len(FORMAT_BY_NAME) == sum(len(each.names) for each in IMAGE_FORMATS)
    assert len(FORMAT_BY_SUFFIX) == sum(len(each.suffixes) for each in IMAGE_FORMATS)
    assert len(FORMAT_BY_CONTENT_TYPE) == len(IMAGE_FORMATS)


def test_pillow_knows_every_format_under_the_same_content_type() -> None:
    Image.init()
    always = [each for each in IMAGE_FORMATS if each is not HEIC]
    assert {each.names[0] for each in always} <= set(Image.OPEN)
    assert {name for each in always for name in each.names} <= set(Image.MIME)
    assert {each.names[0]: Image.MIME[each.names[0]] for each in always} == {
        each.names[0]: each.content_type for each in always
    }
