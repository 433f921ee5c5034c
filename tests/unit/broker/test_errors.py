"""Is an error one line, and is the first of a group found however deep it is nested?"""

from broker.errors import CairnError, first_error, one_line


def test_a_sentence_is_one_line_whatever_a_library_put_into_it() -> None:
    assert CairnError("first line\n   second line").sentence == "first line second line"
    assert CairnError().sentence == "internal_error"


def test_the_first_error_of_nested_groups_is_found() -> None:
    inner = CairnError("inner")
    nested: BaseExceptionGroup[CairnError] = BaseExceptionGroup("middle", [inner])
    group: BaseExceptionGroup[CairnError] = BaseExceptionGroup("outer", [nested])  # type: ignore[list-item]
    assert first_error(group) is inner


def test_a_file_of_another_user_ends_a_command_with_one_line() -> None:
    assert one_line(CairnError("said")) == "said"
    said = one_line(PermissionError(13, "Permission denied", "/srv/chapel/data/broker/users.json"))
    assert said.startswith("no permission for /srv/chapel/data/broker/users.json: ")
    assert "\n" not in said
