"""What do people leave on an object in tests? A measure with markup in its name, and a note in another script."""

from pathlib import Path

from broker.ids import AnnotationId, Generation, ProjectId, SenderId
from broker.wire.annotations import Measure, MeasureKind, Note
from reconstructor.storage.annotations import AnnotationKey
from reconstructor.storage.store import Store

BEGIN, END = (0.0, 0.0, -0.4), (0.3, 0.0, 0.0)  # 0.5 apart, 0.3 across and 0.4 up
NOTE_TEXT = "Riß > 2 mm, 要確認"


def leave_things(folder: Path, project: ProjectId, user: str = "anna") -> None:
    """Store a distance and a note of a user in a project's folder."""
    generation = Generation(1)
    measure = Measure(
        project=project, generation=generation, kind=MeasureKind.DISTANCE, points=(BEGIN, END), name="<b>door</b>"
    )
    note = Note(project=project, generation=generation, point=END, text=NOTE_TEXT)
    store = Store(folder, refetch_every=10)
    for kind, each in (("measure", measure), ("note", note)):
        key = AnnotationKey(type=kind, user=SenderId(user), annotation=AnnotationId(f"{kind}-1"))
        store.annotations.keep(key, generation, each.encode())
    store.close()
