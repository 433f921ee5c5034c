"""A finding is one line for people and one row for programs."""

from pathlib import Path

from admin.doctor.findings import as_json, fault, has_fault, ok, warning


def test_a_line_says_what_to_do_and_shows_no_escape_of_a_stranger() -> None:
    assert ok("disk", "room").line() == "ok       disk           room"
    bad = fault("rigs", "rig-1 says \x1b[2J", "look at it")
    assert bad.line() == "fault    rigs           rig-1 says \\x1b[2J. To do: look at it"


def test_only_a_fault_makes_a_system_bad() -> None:
    findings = [ok("disk", "room"), warning("rigs", "offline", "switch it on")]
    assert not has_fault(findings)
    assert as_json(Path("/srv"), findings) == {
        "folder": "/srv",
        "is_fine": True,
        "findings": [
            {"subject": "disk", "level": "ok", "found": "room", "advice": ""},
            {"subject": "rigs", "level": "warning", "found": "offline", "advice": "switch it on"},
        ],
    }
    assert not as_json(Path("/srv"), [fault("disk", "full", "free some")])["is_fine"]
