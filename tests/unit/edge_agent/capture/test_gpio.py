"""The real gpiozero, above its own stand-in for the pins."""

import sys
import threading
from collections.abc import Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from edge_agent.capture.gpio import GpioMissingError, GpioUnusableError, Trigger

PIN = 17


@pytest.fixture
def factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.reset()


def test_each_closing_of_the_contact_is_one_call(factory: MockFactory) -> None:
    calls = threading.Semaphore(0)
    trigger = Trigger(PIN, calls.release)
    pin = factory.pin(PIN)
    try:
        for _ in range(2):
            pin.drive_low()
            assert calls.acquire(timeout=5)
            pin.drive_high()
        assert not calls.acquire(blocking=False)
    finally:
        trigger.close()


def test_a_closed_trigger_lets_go_of_its_pin(factory: MockFactory) -> None:
    # must not raise
    Trigger(PIN, lambda: None).close()
    Trigger(PIN, lambda: None).close()  # must not raise


def test_a_pin_that_is_in_use_is_said(factory: MockFactory) -> None:
    trigger = Trigger(PIN, lambda: None)
    with pytest.raises(GpioUnusableError, match="GPIO17 cannot be used"):
        Trigger(PIN, lambda: None)
    trigger.close()


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(GpioMissingError, match="python3-gpiozero"):
        Trigger(PIN, lambda: None)
