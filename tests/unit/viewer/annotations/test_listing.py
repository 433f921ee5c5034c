"""A list of measures and notes that is read while people change them."""

from broker.annotations.tables import LeftAnnotation
from broker.contract import NOTE, match
from broker.ids import Generation, ProjectId
from broker.live import LiveMessage
from broker.topics import TopicSpace
from broker.wire.annotations import Note
from viewer.annotations.listing import take

CHAPEL = ProjectId("chapel")


def test_a_note_that_is_changed_while_the_list_is_read_is_listed_once_and_one_taken_away_not_at_all() -> None:
    space, found = TopicSpace(), dict[str, LeftAnnotation]()
    for name, text in (("a1", "crack"), ("a2", "stain"), ("a1", "two cracks"), ("a2", None)):
        note = Note(project=CHAPEL, generation=Generation(1), point=(1.0, 2.0, 3.0), text=text or "")
        topic = space.topic(CHAPEL, NOTE.template, user="anna", annotation=name)
        payload = note.encode() if text else b""
        take(found, match(space, topic), LiveMessage(topic=topic, payload=payload, is_retained=False))
    assert [each.annotation.text for each in found.values() if isinstance(each.annotation, Note)] == ["two cracks"]
    assert len(found) == 1
