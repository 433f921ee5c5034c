"""Which camera, lens and zoom took a photograph? What EXIF says of them, and, without a serial number, who sent it.

Photographs of one identity and one size share their intrinsics. Two telephones of one model write the same EXIF, so the
sender tells them apart.
"""

from dataclasses import dataclass

from PIL import Image
from PIL.ExifTags import IFD, Base

from reconstructor.engine.features.focal import digital_zoom_of, focal_in_mm

_MOST_LETTERS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorIdentity:
    """The camera of a photograph.

    Attributes:
        body: the camera and its lens.
        focal_mm: the lens's focal length; None if EXIF does not say it.
        digital_zoom: how much the middle of the picture was enlarged.
        is_certain: whether all photographs of this name have one camera, lens and focal length.
    """

    body: str
    focal_mm: float | None
    digital_zoom: float
    is_certain: bool

    @property
    def name(self) -> str:
        """The same for photographs that may share their intrinsics."""
        focal = "" if self.focal_mm is None else f" {self.focal_mm:.3g} mm"
        zoom = "" if self.digital_zoom == 1.0 else f" x{self.digital_zoom:.3g}"
        return f"{self.body}{focal}{zoom}"


def identify(exif: Image.Exif, *, sensor: str | None = None, sender: str | None = None) -> SensorIdentity:
    """The camera of a photograph.

    Args:
        exif: of the photograph.
        sensor: what is known of the camera from elsewhere, such as its serial number; it replaces what EXIF says of it.
        sender: who sent it, if that is known.
    """
    details, focal_mm = exif.get_ifd(IFD.Exif), focal_in_mm(exif)
    serial = _text(details.get(Base.BodySerialNumber))
    lens = (details.get(Base.LensModel), details.get(Base.LensSerialNumber))
    names = (exif.get(Base.Make), exif.get(Base.Model), serial, *lens)
    parts = [sensor] if sensor else [text for name in names if (text := _text(name))]
    if sender and not serial and not sensor:
        parts.append(f"of {sender}")
    return SensorIdentity(
        body=(" ".join(parts) or "unnamed")[:_MOST_LETTERS],
        focal_mm=focal_mm,
        digital_zoom=digital_zoom_of(exif),
        is_certain=bool(sensor or (serial and focal_mm is not None)),
    )


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).replace("\0", " ").split())
