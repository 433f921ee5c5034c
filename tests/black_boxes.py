"""Black boxes for tests: one that works at once, and one for each way in which foreign code goes wrong.

Each keeps what it knows in its working directory, as a black box should, so that a restart finds it again.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from PIL import Image

from broker.manifest import CameraState
from broker.shards import PointCloud, encode_ply
from reconstructor.black_box import (
    BlackBox,
    CameraUpdate,
    Update,
    accepts_previews,
    concurrent,
    reads_no_cloud,
    write_update,
)
from reconstructor.progress import write_placed, write_progress

POINTS_PER_IMAGE = 500
_LONGEST_WAIT_S = 60.0
SURVEY_OFFSET = (500_000.0, 5_400_000.0, 300.0)


def instant(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A patch of points for each image; all patches for a refetch. Cameras are all placed."""
    known = _known_images()
    is_refetch = not old_point_cloud and new_img_id in known
    if new_img_id not in known:
        known.append(new_img_id)
        Path("known.txt").write_text("\n".join(known) + "\n", encoding="ascii")
    shown = known if is_refetch or not old_point_cloud else [new_img_id]
    folder = _folder(f"{new_img_id}-{'refetch' if is_refetch else 'add'}")
    for image_id in shown:
        (folder / f"{image_id}.ply").write_bytes(encode_ply(patch(image_id)))
    write_update(Update(cameras=tuple(_camera(each) for each in known)), folder)
    return str(folder)


@accepts_previews
def instant_of_previews(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant`, and declared to take a preview before its original."""
    return instant(input_img_path, old_point_cloud, new_img_id)


@accepts_previews
def waits_on_previews(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant_of_previews`, once a file `go` is there; a file `reading` says that it waits."""
    Path("reading").touch()
    _wait_for_go()
    return instant(input_img_path, old_point_cloud, new_img_id)


@reads_no_cloud
def says_placed_first(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant`, but says where the photograph stands and then waits for a file `go`; `cloud.txt`: whether it got one."""
    if old_point_cloud:
        Path("cloud.txt").write_text(str(Path(old_point_cloud).exists()), encoding="ascii")
    write_placed(Path(), Update(cameras=(_camera(new_img_id),)))
    _wait_for_go()
    Path("go").unlink()
    return instant(input_img_path, old_point_cloud, new_img_id)


def reads_pixels(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """One point in the photograph's mean colour, read with Pillow alone, as foreign code does."""
    with Image.open(input_img_path) as image:
        colour = np.asarray(image.convert("RGB")).mean((0, 1)).astype(np.uint8)
    folder = _folder(f"{new_img_id}-add")
    cloud = PointCloud(points_in_world=np.zeros((1, 3), np.float32), colors_rgb=colour[None])
    (folder / "colour.ply").write_bytes(encode_ply(cloud))
    return str(folder)


def many_points(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant`, with 30,000 points for each image: two shards, the first of full size."""
    folder = instant(input_img_path, old_point_cloud, new_img_id)
    (Path(folder) / "many.ply").write_bytes(encode_ply(patch(new_img_id, count=30_000)))
    return folder


def steps_aside(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant`, each camera 3 beside the one before."""
    folder = instant(input_img_path, old_point_cloud, new_img_id)
    cameras = [_camera(each, x=3.0 * number) for number, each in enumerate(_known_images())]
    write_update(Update(cameras=tuple(cameras)), Path(folder))
    return folder


def slow(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Like `instant`, half a second later."""
    time.sleep(0.5)
    return instant(input_img_path, old_point_cloud, new_img_id)


_growing = threading.Lock()


@concurrent
def beside_its_refetch(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Adds images while its refetch waits for a file `go`; the refetch's cloud has what was added until its end."""
    is_refetch = threading.current_thread() is not threading.main_thread()
    if is_refetch:
        _wait_for_go()
    with _growing:
        if new_img_id not in (known := _known_images()):
            known.append(new_img_id)
            _write_whole("known.txt", "\n".join(known))
        solution = len(list(Path().glob("solved-*"))) + is_refetch
        folder = _folder(f"{new_img_id}-{f'refetch-{solution}' if is_refetch else 'add'}")
        for image_id in known if is_refetch or not old_point_cloud else [new_img_id]:
            (folder / f"{image_id}.ply").write_bytes(encode_ply(patch(image_id)))
        write_update(Update(cameras=tuple(_camera(each) for each in known), solution=solution), folder)
        if is_refetch:
            Path(f"solved-{solution}").touch()
        return str(folder)


@concurrent
def dies_once_beside_its_refetch(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Takes its process along, the first time that an image is added while its refetch waits."""
    is_adding = threading.current_thread() is threading.main_thread()
    if is_adding and Path("refetching").exists() and not Path("died").exists():
        Path("died").touch()
        os._exit(7)
    return beside_its_refetch(input_img_path, old_point_cloud, new_img_id)


def _wait_for_go() -> None:
    Path("refetching").touch()
    begun_s, passed_s = time.monotonic(), 0.0
    while not Path("go").exists() and passed_s < _LONGEST_WAIT_S:
        write_progress(Path(), "waiting", passed_s / _LONGEST_WAIT_S)
        time.sleep(0.05)
        passed_s = time.monotonic() - begun_s


def _write_whole(name: str, text: str) -> None:
    unfinished = Path(f"{name}.tmp")
    unfinished.write_text(text + "\n", encoding="ascii")
    unfinished.replace(name)


@concurrent
def hangs_in_its_refetch(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Adds images at once; its refetch, which it knows by the thread it runs in, never returns."""
    if threading.current_thread() is not threading.main_thread():
        Path("refetching").touch()
        time.sleep(3600)
    return instant(input_img_path, old_point_cloud, new_img_id)


@concurrent
def leaves_its_refetch(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Foreign code that means to end the program, in a thread."""
    if threading.current_thread() is not threading.main_thread():
        sys.exit("no more")
    return instant(input_img_path, old_point_cloud, new_img_id)


@concurrent
def hangs_in_both(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Never returns from either."""
    Path("adding" if threading.current_thread() is threading.main_thread() else "refetching").touch()
    time.sleep(3600)
    return ""


def points_only(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A plain function that has never heard of cameras."""
    folder = _folder(new_img_id)
    (folder / "cloud.ply").write_bytes(encode_ply(patch(new_img_id)))
    return str(folder)


def waits_until_the_third(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """No points before the third image: an update and nothing else."""
    known = _known_images()
    if len(known) < 2:
        Path("known.txt").write_text("\n".join([*known, new_img_id]) + "\n", encoding="ascii")
        folder = _folder(new_img_id)
        waiting = CameraUpdate(image_id=new_img_id, state=CameraState.WAITING, reason="too_few_views")
        write_update(Update(cameras=(waiting,)), folder)
        return str(folder)
    return instant(input_img_path, old_point_cloud, new_img_id)


def rejects_its_refetch(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Places images and takes no refetch over, though it leaves its cloud."""
    if not old_point_cloud and new_img_id in _known_images():
        folder = _folder(f"{new_img_id}-refetch")
        (folder / "cloud.ply").write_bytes(encode_ply(patch(new_img_id)))
        write_update(Update(refetch_rejected="the new solution places fewer images"), folder)
        return str(folder)
    return instant(input_img_path, old_point_cloud, new_img_id)


def raises(input_img_path: str, old_point_cloud: str, new_img_id: str) -> NoReturn:
    """Foreign code with a bug."""
    raise ZeroDivisionError("division by zero in somebody's code")


def hangs(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Never returns."""
    time.sleep(3600)
    return ""


def exits(input_img_path: str, old_point_cloud: str, new_img_id: str) -> NoReturn:
    """Takes its process along."""
    os._exit(7)


def leaves(input_img_path: str, old_point_cloud: str, new_img_id: str) -> NoReturn:
    """Means to end the program, with a word for people."""
    sys.exit("please set MODEL_PATH")


def faults(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Reads memory that nobody has, as a library with a bug does."""
    return str(ctypes.string_at(0))


def is_killed(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """What the kernel does to the largest process when memory ends."""
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def hangs_up(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Closes every descriptor that it finds, and lives on."""
    os.closerange(3, 1024)
    time.sleep(3600)
    return ""


def reads_its_input(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Asks somebody who is not there."""
    return input("which model? ")


def eats_memory(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Takes more and more; stops at 2 GiB in case nobody stops it."""
    eaten: list[Any] = []
    for _ in range(128):
        eaten.append(np.ones(16 * 1024 * 1024, np.uint8))
        time.sleep(0.02)
    return str(len(eaten))


def writes_nothing(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """An empty folder."""
    return str(_folder(new_img_id))


def returns_no_folder(input_img_path: str, old_point_cloud: str, new_img_id: str) -> Any:
    """Another type than the seam asks for."""
    return 42


def prints_a_lot(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Foreign code that talks on stdout."""
    sys.stdout.write("{}\n" * 1000)
    return instant(input_img_path, old_point_cloud, new_img_id)


def prints_hostile_lines(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Signs that change a terminal, bytes that are no text, a line without end, and too many lines."""
    sys.stdout.write("loading \x1b[31mweights\u202e\n")
    sys.stderr.write("a warning of a library\n")
    os.write(1, b"\xff\xfe\n" + b"x" * 5000 + b"\n10%\r20%\r")
    os.write(1, b"again\n" * 5000)
    return instant(input_img_path, old_point_cloud, new_img_id)


def leaves_a_pipe(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A named pipe that nobody writes to, under a PLY's name."""
    folder = _folder(new_img_id)
    if not (folder / "cloud.ply").exists():
        os.mkfifo(folder / "cloud.ply")
    return str(folder)


def leaves_a_link(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A link to a device that never ends."""
    folder = _folder(new_img_id)
    (folder / "cloud.ply").symlink_to("/dev/zero")
    return str(folder)


def writes_truncated_ply(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A PLY whose last rows are missing."""
    return _write(new_img_id, encode_ply(patch(new_img_id))[:-100])


def writes_nan(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A PLY full of NaN, behind a correct header."""
    whole = encode_ply(patch(new_img_id))
    header, rows = whole.split(b"end_header\n")
    return _write(new_img_id, header + b"end_header\n" + b"\xff" * len(rows))


def writes_empty_ply(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """A PLY of no points."""
    return _write(new_img_id, encode_ply(PointCloud.empty()))


def writes_ascii(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Text, with normals and without colour."""
    points = patch(new_img_id).points_in_world
    header = f"ply\nformat ascii 1.0\ncomment by hand\nelement vertex {len(points)}\n" + "".join(
        f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz")
    )
    rows = "".join(f"{x} {y} {z} 0 0 1\n" for x, y, z in points.tolist())
    return _write(new_img_id, f"{header}end_header\n{rows}".encode())


def writes_double(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
    """Double precision, far from the origin, as surveyors have it."""
    points = patch(new_img_id).points_in_world.astype(np.float64) + np.array(SURVEY_OFFSET)
    header = f"ply\nformat binary_big_endian 1.0\nelement vertex {len(points)}\n" + "".join(
        f"property double {axis}\n" for axis in "xyz"
    )
    return _write(new_img_id, f"{header}end_header\n".encode() + points.astype(">f8").tobytes())


def _failing_second(failing: BlackBox) -> BlackBox:
    """Works at once, but for the second image that it sees."""

    def black_box(input_img_path: str, old_point_cloud: str, new_img_id: str) -> str:
        seen = Path("seen.txt")
        count = len(seen.read_text(encoding="ascii")) if seen.exists() else 0
        seen.write_text("x" * (count + 1), encoding="ascii")
        return (failing if count == 1 else instant)(input_img_path, old_point_cloud, new_img_id)

    return black_box


second_raises = _failing_second(raises)
second_hangs = _failing_second(hangs)
second_exits = _failing_second(exits)
second_eats_memory = _failing_second(eats_memory)
second_leaves_a_pipe = _failing_second(leaves_a_pipe)
second_leaves_a_link = _failing_second(leaves_a_link)
second_faults = _failing_second(faults)
second_leaves = _failing_second(leaves)
second_writes_nothing = _failing_second(writes_nothing)
second_returns_no_folder = _failing_second(returns_no_folder)
second_writes_truncated_ply = _failing_second(writes_truncated_ply)
second_writes_nan = _failing_second(writes_nan)
second_writes_empty_ply = _failing_second(writes_empty_ply)


def patch(image_id: str, count: int = POINTS_PER_IMAGE) -> PointCloud:
    """The points of one image: the same for the same id."""
    random = np.random.default_rng(int.from_bytes(image_id.encode()[-8:]))
    points = random.uniform(-1, 1, (count, 3)).astype(np.float32)
    return PointCloud(points_in_world=points, colors_rgb=random.integers(0, 256, points.shape, np.uint8))


def _known_images() -> list[str]:
    path = Path("known.txt")
    return path.read_text(encoding="ascii").split() if path.exists() else []


def _camera(image_id: str, *, x: float = 0.0) -> CameraUpdate:
    return CameraUpdate(
        image_id=image_id,
        state=CameraState.PLACED,
        world_from_camera=((1.0, 0.0, 0.0, x), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)),
        intrinsics=(500.0, 500.0, 320.0, 240.0),
        distortion=(-0.1, 0.0, 0.0, 0.0),
        reprojection_error_px=0.5,
        width_px=640,
        height_px=480,
    )


def _folder(name: str) -> Path:
    folder = Path("output") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(name: str, payload: bytes) -> str:
    folder = _folder(name)
    (folder / "cloud.ply").write_bytes(payload)
    return str(folder)
