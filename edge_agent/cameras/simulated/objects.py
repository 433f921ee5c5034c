"""Which objects can be photographed? A table of builders, each with its light and the photographer's path."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.cameras.simulated.facade import facade
from edge_agent.cameras.simulated.inscription import inscription
from edge_agent.cameras.simulated.lens import Lens
from edge_agent.cameras.simulated.meshes import Mesh
from edge_agent.cameras.simulated.path import Pose, orbit, shaken, walk
from edge_agent.cameras.simulated.renderer import Light
from edge_agent.cameras.simulated.statue import statue
from edge_agent.cameras.simulated.vault import vault


@dataclass(frozen=True, slots=True, kw_only=True)
class HeritageObject:
    """One object: `build` makes its surface, `poses(n)` the path of n photographs."""

    build: Callable[[], Mesh]
    poses: Callable[[int], list[Pose]]
    light: Light = field(default_factory=Light)
    lens: Lens = field(default_factory=Lens)


def facade_path(count: int) -> list[Pose]:
    """The path along the front, then back from a higher stand; neighbours 6 to 9 degrees apart, 75 % overlap."""
    there = (count + 1) // 2
    low = walk(there, ((-7.4, -7.4, 1.7), (7.0, -7.6, 1.7)), ((-2.6, 0.0, 3.1), (2.6, 0.0, 3.1)), bow=1.6)
    high = walk(count - there, ((6.6, -8.2, 5.2), (-7.0, -8.0, 5.2)), ((2.4, 0.0, 4.6), (-2.4, 0.0, 4.6)), bow=1.4)
    return shaken(low + high, amount=0.05, seed=1)


def statue_path(count: int) -> list[Pose]:
    """The path around the statue, 12 degrees a step; from 45 photographs on also the front from a ladder."""
    low = (count * 2 + 2) // 3
    sweep_deg = min(360.0, 12.0 * low)
    around = orbit(low, centre=(0, 0, 2.0), radius=2.7, height=1.7, start_deg=40 - sweep_deg / 2, sweep_deg=sweep_deg)
    back_deg = -min(150.0, 12.0 * (count - low))
    above = orbit(
        count - low, centre=(0, 0, 2.1), radius=2.5, height=2.9, start_deg=_ladder_deg(sweep_deg), sweep_deg=back_deg
    )
    return shaken(around + above, amount=0.03, seed=2)


def _ladder_deg(sweep_deg: float) -> float:
    """The place of the ladder: a little before the walk's end, so that neighbours overlap."""
    return 30 + sweep_deg / 2 if sweep_deg < 360 else 70.0


def vault_path(count: int) -> list[Pose]:
    """The path below the vault across the bay and back, always looking up and inwards."""
    there = (count + 1) // 2
    outer = walk(there, ((-2.1, -2.3, 1.5), (2.1, -2.3, 1.5)), ((-0.8, 0.3, 5.4), (0.8, 0.3, 5.4)))
    inner = walk(count - there, ((2.0, -1.1, 1.5), (-2.0, -1.1, 1.5)), ((0.8, 1.0, 5.4), (-0.8, 1.0, 5.4)))
    return shaken(outer + inner, amount=0.03, seed=3)


def inscription_path(count: int) -> list[Pose]:
    """The path close along the slab and back, the second time higher."""
    there = (count + 1) // 2
    low = walk(there, ((-0.62, -0.95, 0.25), (0.62, -0.95, 0.25)), ((-0.2, 0.0, 0.38), (0.2, 0.0, 0.38)), bow=0.1)
    high = walk(count - there, ((0.6, -0.9, 0.62), (-0.6, -0.9, 0.62)), ((0.2, 0.0, 0.44), (-0.2, 0.0, 0.44)), bow=0.1)
    return shaken(low + high, amount=0.008, seed=4)


RAKING = Light(sun_direction=(-0.93, -0.28, 0.3), sun_rgb=(2.7, 2.4, 2.0))
INDOORS = Light(
    sun_direction=(-0.2, -0.93, 0.3),
    sun_rgb=(0.35, 0.33, 0.3),
    sky_rgb=(0.75, 0.76, 0.78),
    bounce_rgb=(1.15, 1.05, 0.92),
)
OBJECTS: dict[str, HeritageObject] = {
    "facade": HeritageObject(build=facade, poses=facade_path),
    "statue": HeritageObject(build=statue, poses=statue_path),
    "vault": HeritageObject(build=vault, poses=vault_path, light=INDOORS, lens=Lens(exposure=0.9, noise=1.5)),
    "inscription": HeritageObject(build=inscription, poses=inscription_path, light=RAKING),
}
