"""What happens between camera and spool? GPS removal, calibration in EXIF, the gate, then spool or quarantine."""

import threading
from dataclasses import replace
from typing import Final

from broker.images.opening import is_heic
from broker.logs import get_logger
from broker.rig_messages import AgentSettings
from edge_agent.capture.calibration import camera_model, with_calibration
from edge_agent.capture.gate import Gate, PhotographVerdict, Thresholds
from edge_agent.capture.gps import UncleanableError, without_gps
from edge_agent.capture.heic import heic_without_place
from edge_agent.config import Calibration
from edge_agent.photograph import Photograph
from edge_agent.spool.index import SpooledImage, SpoolKey, SpoolState
from edge_agent.spool.spool import Spool

LOG = get_logger()
QUARANTINED: Final = frozenset({PhotographVerdict.BLURRED, PhotographVerdict.CLIPPED, PhotographVerdict.NEAR_DUPLICATE})


class ImagePipeline:
    """The steps between camera and spool. Called from threads, one photograph at a time; ops may change settings."""

    def __init__(
        self, spool: Spool, *, is_gated: bool, settings: AgentSettings, calibration: Calibration | None = None
    ) -> None:
        self._spool, self._is_gated, self._lock = spool, is_gated, threading.Lock()
        self._calibration, self._is_camera_known = calibration, False
        self._gate = Gate(Thresholds())
        self.change(settings)

    def change(self, settings: AgentSettings) -> None:
        """Apply new settings; the gate keeps its memory of earlier photographs."""
        with self._lock:
            usual = Thresholds()
            blur, bits = settings.blur_ratio, settings.duplicate_bits
            self._gate.thresholds = Thresholds(
                blur_ratio=usual.blur_ratio if blur is None else blur,
                duplicate_bits=usual.duplicate_bits if bits is None else bits,
            )
            self._is_gps_stripped = bool(settings.is_gps_stripped)

    def keep(self, photograph: Photograph) -> SpooledImage:
        """Add a photograph to the spool; one that the gate turns down, or whose place stays in it, is not sent.

        Raises:
            SpoolFullError: there is no room; the same photograph may be given again.
        """
        with self._lock:
            self._note_camera(photograph.content)
            reason = None
            try:
                content = self._finished(photograph.content)
            except UncleanableError as exc:
                content, reason = photograph.content, exc.code
            # Before the gate, so that a photograph that must wait is judged only once.
            self._spool.check_room(len(content))
            if reason is None and self._is_gated and (verdict := self._gate.judge(content)) in QUARANTINED:
                reason = verdict.value
            image = self._spool.add(
                replace(photograph, content=content),
                state=SpoolState.WAITING if reason is None else SpoolState.QUARANTINED,
                reason=reason,
            )
        if reason is not None:
            LOG.info("photograph_quarantined", image_id=image.image_id, verdict=reason)
        return image

    def _finished(self, content: bytes) -> bytes:
        """The bytes to keep: without GPS if so set, with the calibrated lens in EXIF."""
        clean = content
        if self._is_gps_stripped:
            clean = heic_without_place(content) if is_heic(content) else without_gps(content)
        return clean if self._calibration is None else with_calibration(clean, self._calibration)

    def _note_camera(self, content: bytes) -> None:
        """Keep the camera's model once per run, for the sensor table of `cairn edge calibrate`."""
        if not self._is_camera_known and (model := camera_model(content)):
            self._spool.remember(SpoolKey.CAMERA_MODEL, model)
        self._is_camera_known = True
