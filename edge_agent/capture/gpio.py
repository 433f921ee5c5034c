"""How does a button or light barrier trigger a photograph? By a contact on one GPIO pin, read with gpiozero."""

from collections.abc import Callable
from typing import Any, Final

from broker.errors import CairnError

BOUNCE_S: Final = 0.05  # contacts bounce for some milliseconds


class GpioMissingError(CairnError):
    """The package gpiozero is not installed."""

    code = "gpio_missing"
    remedy = "Install gpiozero, or leave the trigger out."


class GpioUnusableError(CairnError):
    """The pin cannot be used."""

    code = "gpio_unusable"
    remedy = "Choose a free pin and check the rights to it."


class Trigger:
    """A contact between a pin and ground; `pressed` is called at each closing, from gpiozero's own thread.

    Raises:
        GpioMissingError: gpiozero is not installed.
        GpioUnusableError: this machine has no such pin, or another program holds it.
    """

    def __init__(self, pin: int, pressed: Callable[[], object]) -> None:
        self._button = _open(pin)
        self._button.when_pressed = pressed

    def close(self) -> None:
        """Release the pin."""
        self._button.close()


def _open(pin: int) -> Any:
    try:
        from gpiozero import Button, GPIOZeroError  # noqa: PLC0415 - only where there is a header
    except ImportError as exc:
        raise GpioMissingError(
            "gpiozero is missing: apt-get install python3-gpiozero python3-lgpio, and make the environment with"
            " --system-site-packages, or run `.venv/bin/pip install gpiozero lgpio`"
        ) from exc
    try:
        return Button(pin, pull_up=True, bounce_time=BOUNCE_S)
    except (GPIOZeroError, OSError, ImportError) as exc:
        raise GpioUnusableError(
            f"pin GPIO{pin} cannot be used: {exc}; is it a Raspberry Pi, and is the pin free?"
        ) from exc
