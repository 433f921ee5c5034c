"""Which kinds of channels are there? Named sets of roles, and the rows that several channels have in common."""

from functools import partial
from typing import Final

from broker.channel import Channel, Role
from broker.ids import Verb
from broker.wire.annotations import MAX_ANNOTATION_BYTES

VIEWERS: Final = frozenset({Role.VIEWER, Role.CONTRIBUTOR})
OPS: Final = frozenset({Role.OPERATOR, Role.OBSERVER})
RECONSTRUCTOR: Final = frozenset({Role.RECONSTRUCTOR})
SENDERS: Final = frozenset({Role.AGENT, Role.CONTRIBUTOR})
AGENT: Final = frozenset({Role.AGENT})
OPERATOR: Final = frozenset({Role.OPERATOR})
EVERYBODY: Final = frozenset(Role)
PEOPLE: Final = VIEWERS | OPERATOR
AUTHORS: Final = frozenset({Role.CONTRIBUTOR, Role.OPERATOR})

# The broker's ACL alone enforces this: a program that receives a request knows its sender's name and not the role.
VERB_WRITERS: Final = {
    Verb.PING: PEOPLE | AGENT,
    Verb.RESYNC: PEOPLE,
    Verb.PHOTOGRAPH: PEOPLE,
    Verb.EARLIER: PEOPLE,
    Verb.EXPORT: AUTHORS,
    Verb.REFETCH: OPERATOR,
    Verb.PAUSE: OPERATOR,
    Verb.RESUME: OPERATOR,
}

from_senders: Final = partial(Channel, writers=SENDERS, readers=RECONSTRUCTOR, own_level="sender")
to_senders: Final = partial(Channel, writers=RECONSTRUCTOR, readers=SENDERS | OPS, own_level="sender")
from_rigs: Final = partial(Channel, writers=AGENT, readers=RECONSTRUCTOR | OPS, own_level="agent")
from_rigs_to_all: Final = partial(Channel, writers=AGENT, own_level="agent", is_read_by_all=True)
of_rigs: Final = partial(Channel, writers=AGENT, readers=OPS, own_level="agent")
to_rigs: Final = partial(Channel, writers=OPERATOR, readers=AGENT | OPS | RECONSTRUCTOR, own_level="agent")  # audited
to_viewers: Final = partial(Channel, writers=RECONSTRUCTOR, readers=VIEWERS | OPS)
of_users: Final = partial(Channel, own_level="user")
left_by_people: Final = partial(
    Channel,
    writers=AUTHORS,
    readers=VIEWERS | OPS | RECONSTRUCTOR,
    is_retained=True,
    max_bytes=MAX_ANNOTATION_BYTES,
    own_level="user",
    is_read_by_all=True,
    is_kept_by_operators=True,
)
photographs: Final = partial(Channel, writers=RECONSTRUCTOR, readers=PEOPLE)
