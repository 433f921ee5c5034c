import sqlite3
from pathlib import Path

from broker.ids import AgentId, ImageId, is_session_of_rig
from edge_agent.spool.index import SpooledImage
from edge_agent.spool.sessions import sessions_of
from edge_agent.spool.spool import Spool
from tests.unit.edge_agent.spooled import photograph

RIG = AgentId("rig-north")


def count_on_from(folder: Path, image: SpooledImage, sequence: int) -> ImageId:
    """Let the spool's only photograph bear a late number of its session; returns its id."""
    image_id = ImageId.build(session=image.image_id.session, sequence=sequence, sha256=image.sha256)
    connection = sqlite3.connect(folder / "index.sqlite")
    with connection:
        connection.execute("UPDATE image SET image_id = ?, sequence = ?", (image_id, sequence))
    connection.close()
    (folder / "images" / f"{image.image_id}.jpg").rename(folder / "images" / f"{image_id}.jpg")
    return image_id


def test_when_the_numbers_of_a_session_are_used_up_another_begins_and_the_order_stays(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        added = spool.add(photograph(0))
    ids = [count_on_from(tmp_path, added, 999_998)]
    with Spool(tmp_path, RIG) as spool:
        ids += [spool.add(photograph(number)).image_id for number in (1, 2)]
        before, after = ids[0].session, spool.session
    with Spool(tmp_path, RIG) as spool:  # the new session is kept
        ids.append(spool.add(photograph(3)).image_id)
        assert [(each.session, each.sequence) for each in ids] == [
            (before, 999_998),
            (before, 999_999),
            (after, 1),
            (after, 2),
        ]
        assert is_session_of_rig(after, RIG)
        assert [each.image_id for each in spool.waiting(9)] == ids
        assert [spool.read(each) for each in spool.waiting(9)] == [photograph(number).content for number in range(4)]
        assert spool.lacking(before, [1, 2, 999_997, 999_998]) == [1, 2, 999_997]
        assert spool.lacking(after, [1, 2, 3, 999_998]) == [3, 999_998]
        assert sessions_of(RIG, spool.recall) == {before, after, "rig-north-upload"}


def test_photographs_of_two_sessions_get_numbers_of_their_own_when_the_rig_is_renamed(tmp_path: Path) -> None:
    with Spool(tmp_path, RIG) as spool:
        added = spool.add(photograph(0))
    count_on_from(tmp_path, added, 999_999)
    with Spool(tmp_path, RIG) as spool:
        spool.add(photograph(1))
    with Spool(tmp_path, AgentId("rig-south")) as spool:
        waiting = spool.waiting(9)
        assert [(each.image_id.session, each.image_id.sequence) for each in waiting] == [
            (spool.session, 1),
            (spool.session, 2),
        ]
        assert [spool.read(each) for each in waiting] == [photograph(0).content, photograph(1).content]
        assert spool.add(photograph(2)).image_id.sequence == 3
        assert sessions_of(AgentId("rig-south"), spool.recall) == {spool.session, "rig-south-upload"}
