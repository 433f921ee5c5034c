import pytest

from broker.config import BadSettingsError
from edge_agent.cameras.plan import CameraPlan
from edge_agent.config import CameraKind, Settings, SpoolPolicy


def test_the_rigs_name_is_the_brokers_user_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_EDGE_PROJECT", "chapel")
    monkeypatch.setenv("CAIRN_EDGE_BROKER__USERNAME", "rig-north")
    assert Settings.load().named() == ("chapel", "rig-north")
    assert Settings.load(agent="rig-south").named() == ("chapel", "rig-south")


def test_a_rig_without_project_or_name_says_what_to_set() -> None:
    with pytest.raises(BadSettingsError, match="CAIRN_EDGE_PROJECT"):
        Settings.load().named()
    with pytest.raises(BadSettingsError, match="CAIRN_EDGE_AGENT"):
        Settings.load(project="chapel").named()


def test_an_account_that_cannot_be_the_rigs_name_is_told_with_the_setting_that_can() -> None:
    with pytest.raises(BadSettingsError, match=r"'rig@localhost' .* set edge.agent"):
        Settings.load(project="chapel", broker={"username": "rig@localhost"}).named()


@pytest.mark.parametrize(
    ("field", "value"), [("hours", "6 to 7"), ("interval_s", -1), ("camera", "polaroid"), ("agent", "anna")]
)
def test_a_value_that_does_not_fit_is_named(field: str, value: object) -> None:
    with pytest.raises(BadSettingsError, match=f"edge.{field}"):
        Settings.load(**{field: value})


def test_the_cameras_plan_has_all_that_its_process_needs() -> None:
    plan = CameraPlan.of(Settings.load(camera="v4l2", device=2, size_px=(1280, 720)))
    assert (plan.kind, plan.device, plan.size_px) == (CameraKind.V4L2, 2, (1280, 720))


def test_the_earlier_spelling_of_a_spool_policy_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_EDGE_SPOOL_POLICY", "thin")
    assert Settings.load().spool_policy is SpoolPolicy.EVICT


def test_what_ops_may_change_begins_as_the_settings_file_has_it() -> None:
    changeable = Settings.load(interval_s=3.0, blur_ratio=0.4, is_gps_stripped=True).changeable()
    assert (changeable.interval_s, changeable.blur_ratio, changeable.is_gps_stripped) == (3.0, 0.4, True)
    assert changeable.jpeg_quality is None
