"""Every code block of the documents says its language, and names only commands, settings and targets that exist."""

import pytest

from tests.documents.blocks import BadBlockError, Block, blocks_of, documents, read_blocks
from tests.documents.checks import faults
from tests.documents.newcomer import MOST_COMMANDS, count_commands


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    return [block for each in documents() for block in blocks_of(each)]


def test_every_command_and_setting_of_the_documents_exists(blocks: list[Block]) -> None:
    assert [fault for block in blocks for fault in faults(block)] == []
    assert sum(len(block.commands) for block in blocks if block.language == "sh") > 20


def test_the_way_to_the_first_point_of_a_rig_is_short(blocks: list[Block]) -> None:
    path = [block for block in blocks if block.is_path]
    assert 5 <= count_commands(path) <= MOST_COMMANDS
    assert {block.machine for block in path} == {"server", "rig"}
    assert all(block.needs is None for block in path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cairn initt chapel", "initt"),
        ("cairn init chapel --forever", "--forever"),
        ("CAIRN_EDGE_PROJECT=x .venv/bin/cairn edge joyn LINK", "joyn"),
        ("make nothing", "no such target"),
        ("if true; then", "syntax error"),
        ("deploy/set-up.sh rig", "does not exist"),
    ],
)
def test_a_wrong_command_is_found(blocks: list[Block], text: str, words: str) -> None:
    block = Block(document=blocks[0].document, line=1, language="sh", text=text)
    assert words in " ".join(faults(block))


def test_a_wrong_setting_is_found(blocks: list[Block]) -> None:
    block = Block(document=blocks[0].document, line=1, language="toml", text="[edge]\nprojct = 'chapel'")
    assert "no setting projct" in " ".join(faults(block))


def test_a_block_without_a_language_or_with_an_unknown_mark_is_refused() -> None:
    readme = documents()[0]
    for text in ("    cairn up", "```\ncairn up\n```", "```sh untill=x\ncairn up\n```", "```sh needs=luck\n```"):
        with pytest.raises(BadBlockError):
            read_blocks(readme, text)
