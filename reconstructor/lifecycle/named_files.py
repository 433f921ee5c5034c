"""Which files does a project's database name? Photographs, previews, and the shards of the newest version."""

from collections.abc import Iterator

from reconstructor.storage.read_only import ReadOnlyStore


def named_files(store: ReadOnlyStore) -> Iterator[str]:
    """The places of these files below the project's folder; a project without one of them cannot be restored."""
    for image in store.images():
        if image.file_name is not None:
            yield f"images/{image.file_name}"
        if image.preview_name is not None:
            yield f"previews/{image.preview_name}"
    reference = store.reference()
    if reference is None:
        return
    home = home_of(reference.manifest.generation)
    for entry in reference.shards:
        for each in entry.encodings:
            yield f"{home}/{entry.index:06d}.{each.encoding.value}"


def home_of(generation: int) -> str:
    """The place of the folder with a generation's shards."""
    return f"generations/{generation:06d}"
