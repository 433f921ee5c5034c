"""A message that ends the process twice is found out; one that was only there at the time is not."""

import json
import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconstructor.storage.attempts import Attempts, key_of

POISON = key_of("cairn/v1/chapel/image/anna/x", b"poison")
GOOD = key_of("cairn/v1/chapel/image/rig/y", b"good")


def run_until_end(folder: Path, *keys: str) -> Attempts:
    """Process messages at the same time until the process ends; returns what the next one knows."""
    child = os.fork()
    if child == 0:
        attempts = Attempts(folder)
        with ExitStack() as processing:
            for key in keys:
                processing.enter_context(attempts.processing(key))
            os._exit(9)
    os.waitpid(child, 0)
    return Attempts(folder)


def test_a_message_that_ends_the_process_twice_is_found_out(tmp_path: Path) -> None:
    assert not run_until_end(tmp_path, POISON).has_ended_twice(POISON)
    after = run_until_end(tmp_path, POISON)
    assert after.has_ended_twice(POISON)
    after.forget(POISON)
    assert not Attempts(tmp_path).is_suspect(POISON)


def test_who_was_only_there_at_the_time_is_a_suspect_and_no_more(tmp_path: Path) -> None:
    after = run_until_end(tmp_path, POISON, GOOD)
    assert after.is_suspect(GOOD)
    assert after.is_suspect(POISON)
    run_until_end(tmp_path, POISON)
    after = run_until_end(tmp_path, POISON)
    assert after.has_ended_twice(POISON)
    assert not after.has_ended_twice(GOOD)
    with after.processing(GOOD):
        pass
    assert not Attempts(tmp_path).is_suspect(GOOD)


def test_an_exception_is_no_end(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    with pytest.raises(KeyError), attempts.processing(POISON):
        raise KeyError
    assert not Attempts(tmp_path).is_suspect(POISON)


def test_a_mark_that_a_power_cut_damaged_is_read_as_none_yet(tmp_path: Path) -> None:
    Attempts(tmp_path)
    (tmp_path / "processing" / POISON).write_bytes(b"")
    attempts = Attempts(tmp_path)
    assert attempts.is_suspect(POISON)
    assert not attempts.has_ended_twice(POISON)


def test_a_disk_that_is_full_stops_no_message(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path)
    (tmp_path / "processing").rmdir()
    with attempts.processing(GOOD):
        pass


def test_a_message_is_set_aside_whole(tmp_path: Path) -> None:
    Attempts(tmp_path).set_aside(POISON, "cairn/v1/chapel/image/anna/x", b"poison")
    assert (tmp_path / "set_aside" / f"{POISON}.bin").read_bytes() == b"poison"
    assert json.loads((tmp_path / "set_aside" / f"{POISON}.json").read_bytes())["topic"].endswith("anna/x")
