"""How is a block checked that cannot run here? By the program that reads it, where that can judge without doing anything."""

from tests.documents.blocks import Block
from tests.documents.checks import faults


def check_by_own_means(block: Block) -> list[str]:
    """Say what is wrong with a block that needs root, systemd, Docker, a camera or a proxy."""
    return faults(block)
