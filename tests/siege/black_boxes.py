"""Which functions does a colleague hand us by mistake? One black box that goes wrong as the photograph's name says.

A photograph named `bb-fifo` is answered by the behaviour `fifo`, `ply-no-z` by the PLY of that name, and every other one
as it should be. Whatever a behaviour leaves stays in the folder of its own project.
"""

import importlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from broker.manifest import CameraState
from broker.shards import PointCloud, encode_ply
from reconstructor.black_box import CameraUpdate, Update, write_update
from tests.siege.clouds import clouds

POINTS_PER_IMAGE: Final = 20
CANARY_POINTS: Final = 333  # in a cloud that lies outside of every project
CANARY_ENVIRONMENT: Final = "CAIRN_SIEGE_CANARY"
BEHAVIOUR, CLOUD = "bb-", "ply-"
CONTROLS: Final = "\x1b[31mred\x1b]0;title\x07\u202eevil\u2066\x9b1m\r\x08"
MARKUP: Final = "<img src=x onerror=window.ran=1><script>window.ran=1</script>"
IMPORT_WISH: Final = "at-import.txt"  # names the way in which the next start of the black box goes wrong
_HOLES_BYTES: Final = 1_200_000_000
_LONG_S: Final = 3600.0

Behaviour = Callable[[Path, str], Any]


def siege(input_img_path: str, old_point_cloud: str, new_img_id: str) -> Any:
    """Answer as the photograph's name asks; a refetch is always answered well."""
    name, _, _ = new_img_id.rsplit("-", 2)
    folder = Path("output") / f"{new_img_id}-{'add' if old_point_cloud else 'whole'}"
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(new_img_id)
    is_refetch = not old_point_cloud and len(known) > 1
    if not is_refetch and name.startswith(BEHAVIOUR):
        return BEHAVIOURS[name.removeprefix(BEHAVIOUR)](folder, input_img_path)
    if not is_refetch and name.startswith(CLOUD):
        return _write_cloud(folder, name.removeprefix(CLOUD))
    return good(folder, known if is_refetch or len(known) == 1 else [new_img_id], known)


def good(folder: Path, shown: list[str], known: list[str]) -> str:
    """The points of these images, and every camera placed."""
    for image_id in shown:
        (folder / f"{image_id}.ply").write_bytes(encode_ply(points(image_id, POINTS_PER_IMAGE)))
    write_update(Update(cameras=tuple(_camera(each) for each in known)), folder)
    return str(folder)


def points(seed: str, count: int) -> PointCloud:
    """A cloud of random points: the same for the same seed."""
    random = np.random.default_rng(int.from_bytes(seed.encode()[-8:]))
    where = random.uniform(-1, 1, (count, 3)).astype(np.float32)
    return PointCloud(points_in_world=where, colors_rgb=random.integers(0, 256, where.shape, np.uint8))


def _raises(text: str) -> Behaviour:
    def behave(_folder: Path, _image: str) -> None:
        raise RuntimeError(text)

    return behave


def _links(name: str, target: str) -> Behaviour:
    def behave(folder: Path, _image: str) -> str:
        (folder / name).symlink_to(target)
        return str(folder)

    return behave


def _links_to_canary(folder: Path, _image: str) -> str:
    (folder / "cloud.ply").symlink_to(os.environ[CANARY_ENVIRONMENT])
    return str(folder)


def _updates(text: str) -> Behaviour:
    def behave(folder: Path, _image: str) -> str:
        (folder / "update.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        return str(folder)

    return behave


def _makes_fifo(name: str) -> Behaviour:
    def behave(folder: Path, _image: str) -> str:
        os.mkfifo(folder / name)
        return str(folder)

    return behave


def _makes_folder_ply(folder: Path, _image: str) -> str:
    (folder / "cloud.ply").mkdir()
    return str(folder)


def _makes_many_files(folder: Path, _image: str) -> str:
    for number in range(10_050):
        (folder / f"{number}.ply").touch()
    return str(folder)


def _makes_name_of_controls(folder: Path, _image: str) -> str:
    (folder / f"a{CONTROLS}{MARKUP.replace('/', '')}.ply").write_bytes(b"no ply")
    return str(folder)


def _makes_name_no_utf8(folder: Path, _image: str) -> str:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.ply")).write_bytes(b"no ply")
    return str(folder)


def _makes_unreadable(folder: Path, _image: str) -> str:
    (folder / "cloud.ply").write_bytes(b"ply\n")
    (folder / "cloud.ply").chmod(stat.S_IWUSR)
    return str(folder)


def _removes_folder(folder: Path, _image: str) -> str:
    folder.rmdir()
    return str(folder)


def _removes_image(folder: Path, image: str) -> str:
    """Overwrite the project's own photograph, as careless code does; the project keeps going."""
    Path(image).chmod(stat.S_IRUSR | stat.S_IWUSR)
    Path(image).unlink()
    return _removes_folder(folder, image)


def _prints(folder: Path, _image: str) -> str:
    sys.stdout.write(f"{CONTROLS}\n{MARKUP}\n")
    sys.stdout.flush()
    sys.stderr.write(f"{CONTROLS}\n")
    os.write(1, CONTROLS.encode() + b"\xff\xfe\n")
    return _removes_folder(folder, _image)


def _prints_a_lot(folder: Path, _image: str) -> str:
    for _ in range(64):
        sys.stdout.write("x" * 65_536)
    sys.stdout.write("\n" * 10_000)
    return _removes_folder(folder, _image)


def _forges_reply(folder: Path, _image: str) -> str:
    """Write replies to every open file descriptor, in the hope that one leads to the service."""
    line = json.dumps({"number": 1, "folder": "/etc", "problem": "", "reason": ""}).encode() + b"\n"
    for number in range(1, 32):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, line * 3)
        except OSError:
            continue
    return str(folder)


def _forks(_folder: Path, _image: str) -> str:
    """Leave a child that outlives its parent and keeps its pipes open."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    return "/nowhere"


def _starts_threads(folder: Path, _image: str) -> str:
    for _ in range(50):
        threading.Thread(target=time.sleep, args=(_LONG_S,), daemon=True).start()
    return _removes_folder(folder, _image)


def _raises_in_thread(folder: Path, _image: str) -> str:
    thread = threading.Thread(target=_raises(CONTROLS), args=(folder, ""))
    thread.start()
    thread.join()
    return _removes_folder(folder, _image)


def _recurses(folder: Path, image: str) -> str:
    return _recurses(folder, image)


def _eats_memory(_folder: Path, _image: str) -> str:
    eaten = [np.ones(32 * 1024 * 1024, np.uint8) for _ in range(64) if not time.sleep(0.02)]  # type: ignore[func-returns-value]
    return str(len(eaten))


def _stops_itself(_folder: Path, _image: str) -> str:
    os.kill(os.getpid(), signal.SIGSTOP)
    return ""


def _write_cloud(folder: Path, name: str) -> str:
    path = folder / "cloud.ply"
    path.write_bytes(clouds()[name]())
    if name == "gigabyte-of-holes":
        os.truncate(path, path.stat().st_size + _HOLES_BYTES)
    return str(folder)


def _waits(reason: str) -> Behaviour:
    """Say that the photograph waits, with this reason."""

    def behave(folder: Path, image: str) -> str:
        image_id = Path(image).stem
        known = [_camera(each) for each in _known(image_id) if each != image_id]
        waits = CameraUpdate(image_id=image_id, state=CameraState.WAITING, code="too_few", reason=reason)
        write_update(Update(cameras=(*known, waits)), folder)
        return str(folder)

    return behave


BEHAVIOURS: Final[dict[str, Behaviour]] = {
    "raises": _raises("a bug"),
    "raises-controls": _raises(CONTROLS),
    "raises-markup": _raises(MARKUP),
    "raises-surrogate": _raises("\ud800"),
    "raises-100-kb": _raises("x" * 100_000),
    "keyboard-interrupt": lambda _folder, _image: signal.raise_signal(signal.SIGINT),
    "sys-exit": lambda _folder, _image: sys.exit("no more"),
    "sys-exit-zero": lambda _folder, _image: sys.exit(0),
    "os-exit": lambda _folder, _image: os._exit(7),
    "abort": lambda _folder, _image: os.abort(),
    "hangs": lambda _folder, _image: time.sleep(_LONG_S),
    "stops-itself": _stops_itself,
    "recurses": _recurses,
    "eats-memory": _eats_memory,
    "forks": _forks,
    "threads": _starts_threads,
    "raises-in-thread": _raises_in_thread,
    "prints-controls": _prints,
    "prints-a-lot": _prints_a_lot,
    "closes-its-pipes": lambda _folder, _image: os.closerange(0, 64),
    "forges-reply": _forges_reply,
    "returns-number": lambda _folder, _image: 42,
    "returns-none": lambda _folder, _image: None,
    "returns-etc": lambda _folder, _image: "/etc",
    "returns-root": lambda _folder, _image: "/",
    "returns-image": lambda _folder, image: image,
    "returns-5-mb": lambda _folder, _image: "x" * 5_000_000,
    "returns-nul": lambda _folder, _image: "a\0b",
    "returns-controls": lambda _folder, _image: CONTROLS,
    "fifo-ply": _makes_fifo("cloud.ply"),
    "fifo-update": _makes_fifo("update.json"),
    "link-to-zero": _links("cloud.ply", "/dev/zero"),
    "link-to-passwd": _links("cloud.ply", "/etc/passwd"),
    "link-to-itself": _links("cloud.ply", "cloud.ply"),
    "link-to-nothing": _links("cloud.ply", "nothing"),
    "link-to-canary": _links_to_canary,
    "update-link-to-zero": _links("update.json", "/dev/zero"),
    "folder-called-ply": _makes_folder_ply,
    "10050-files": _makes_many_files,
    "name-of-controls": _makes_name_of_controls,
    "name-no-utf8": _makes_name_no_utf8,
    "unreadable-file": _makes_unreadable,
    "no-folder": _removes_folder,
    "removes-its-image": _removes_image,
    "update-no-json": _updates("{"),
    "update-deep": _updates("[" * 200_000),
    "update-nan": _updates('{"metres_per_unit": NaN, "scale_source": "gps"}'),
    "update-huge-number": _updates('{"new_point_count": 1' + "0" * 5_000 + "}"),
    "update-negative": _updates('{"solution": -1, "new_point_count": -5}'),
    "update-surrogate": _updates('{"refetch_rejected": "\\ud800"}'),
    "update-raw-surrogate": _updates('{"refetch_rejected": "\ud800"}'),
    "update-another-image": _updates(json.dumps({"cameras": [{"image_id": "../../x", "state": "waiting"}]})),
    "update-10000-cameras": _updates(
        json.dumps({"cameras": [{"image_id": f"x{n}", "state": "waiting", "code": "few"} for n in range(10_000)]})
    ),
    "update-frame-zero": _updates(
        '{"world_from_previous": {"scale": 1e-300, "rotation_wxyz": [0, 0, 0, 0], "translation": [1e308, 0, 0]}}'
    ),
    "waits-markup": _waits(MARKUP),
    "waits-controls": _waits(CONTROLS),
    "update-controls": _updates(json.dumps({"refetch_rejected": CONTROLS + MARKUP})),
}


def _known(image_id: str) -> list[str]:
    path = Path("known.txt")
    known = path.read_text(encoding="ascii").split() if path.exists() else []
    if image_id not in known and not image_id.startswith((BEHAVIOUR, CLOUD)):
        known.append(image_id)
        path.write_text("\n".join(known) + "\n", encoding="ascii")
    return known


def _camera(image_id: str) -> CameraUpdate:
    return CameraUpdate(
        image_id=image_id,
        state=CameraState.PLACED,
        world_from_camera=((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)),
        intrinsics=(500.0, 500.0, 320.0, 240.0),
        width_px=80,
        height_px=60,
    )


def _prints_at_import() -> None:
    sys.stderr.write(f"{CONTROLS}\n")
    raise RuntimeError(CONTROLS)


IMPORTS: Final[dict[str, Callable[[], object]]] = {
    "raises": lambda: _raises("a bug at import")(Path(), ""),
    "raises-controls": _prints_at_import,
    "import-error": lambda: importlib.import_module("no_such_package_of_a_colleague"),
    "syntax-error": lambda: compile("def", "colleague.py", "exec"),
    "sys-exit": lambda: sys.exit("no licence"),
    "sys-exit-zero": lambda: sys.exit(0),
    "os-exit": lambda: os._exit(7),
    "keyboard-interrupt": lambda: signal.raise_signal(signal.SIGINT),
    "hangs": lambda: time.sleep(_LONG_S),
}
if (_wish := Path(IMPORT_WISH)).exists():  # in a black box's working folder: this process is one
    IMPORTS[_wish.read_text(encoding="ascii")]()
