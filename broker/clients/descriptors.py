"""How many connections can a program hold? As many as the system's hard limit of descriptors lets it.

A login shell and systemd give a soft limit of 1,024 (`man 5 systemd.exec`, LimitNOFILE=): a thousand idle sockets of a
stranger would shut everybody out. Each program therefore raises its soft limit at start; its children inherit it.
"""

import resource
from typing import Final

MOST_DESCRIPTORS: Final = 65_536  # what our systemd units allow; macOS refuses an unlimited soft limit


def raise_descriptor_limit() -> None:
    """Raise this process's soft limit of descriptors to the hard one, at most `MOST_DESCRIPTORS`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def descriptor_limit() -> int:
    """How many descriptors this process and its children may have, each for itself."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
