"""Which camera has a rig of the month? The real tethered one of `edge_agent`, above a gphoto2 that is a shell script.

Each photograph has a number in a JPEG comment, so that no two are equal.
"""

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.month.controls import CameraMode, Control, Controls

SIZE_PX: Final = (160, 120)
_SCRIPT: Final = """\
#!/bin/sh
# Takes one photograph into the working folder, or spoils it as the control says.
controls={controls}
mode=
[ -f $controls/{camera} ] && read -r mode < $controls/{camera}
read -r number < $controls/number
number=$((number + 1))
echo $number > $controls/number
name=$(printf 'IMG_%06d.JPG' $number)
case $mode in {hangs}|{fails}|{garbage}|{cut}|{empty}) echo $mode >> $controls/{mishaps};; esac
case $mode in
{hangs}) exec sleep 600;;
{fails}) echo '*** Error (-7: I/O problem) ***' >&2; exit 1;;
{garbage}) printf 'no photograph, number %016d' $number > $name || exit 1; exit 0;;
{empty}) : > $name || exit 1; exit 0;;
{cut}) {{ cat $controls/head && printf '\\377\\376\\000\\022%016d' $number; }} > $name || exit 1; exit 0;;
esac
{{ cat $controls/head && printf '\\377\\376\\000\\022%016d' $number && cat $controls/tail; }} > $name
"""


def put_camera(folder: Path, controls: Controls, seed: int) -> None:
    """Write the program `gphoto2` into a folder, which the rig's PATH names first."""
    jpeg = _jpeg(seed)
    (controls.folder / "head").write_bytes(jpeg[:2])  # SOI; a comment may follow
    (controls.folder / "tail").write_bytes(jpeg[2:])
    (controls.folder / "number").write_text("0\n", encoding="ascii")
    folder.mkdir(parents=True)
    program = folder / "gphoto2"
    words = {mode.value: mode.value for mode in CameraMode}
    program.write_text(
        _SCRIPT.format(controls=controls.folder, camera=Control.CAMERA, mishaps=Control.MISHAPS, **words),
        encoding="ascii",
    )
    program.chmod(0o755)


def _jpeg(seed: int) -> bytes:
    width_px, height_px = SIZE_PX
    coarse = np.random.default_rng(seed).integers(0, 256, (height_px // 8, width_px // 8, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(coarse).resize(SIZE_PX, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()
