"""A black box that shows a few points of a photograph before it has all of them."""

from pathlib import Path

from reconstructor.black_box import Update, reads_no_cloud
from reconstructor.progress import write_first
from tests.black_boxes import patch, says_placed_first

FIRST_POINTS = 60


@reads_no_cloud
def shows_first_points(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `says_placed_first`, but shows other points first."""
    write_first(Path(), Update(), 0, patch(f"{new_img_id}-first", count=FIRST_POINTS))
    return says_placed_first(input_img_path, old_point_cloud, new_img_id)
