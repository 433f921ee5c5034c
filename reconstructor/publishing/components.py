"""Where are photographs shown that do not fit the rest? Each further component beside the leading one. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from broker.envelope import Vector3
from broker.manifest import CameraEntry, CameraState, Component
from broker.messages import Bounds, Similarity
from reconstructor.clouds.sharding import longest_edge

_GAP: Final = 0.25  # of the leading component's longest edge
_DEFAULT_UP: Final = (0.0, 1.0, 0.0)


def with_component(
    components: tuple[Component, ...], number: int, *, leading: Bounds, own: Bounds, up: Vector3 | None
) -> tuple[Component, ...]:
    """The components and this one; one that is shown stays where it is.

    Args:
        components: those of the present manifest.
        number: of the component that got points.
        leading: bounds of the leading component.
        own: bounds of the points, in their component's frame.
        up: the world's up direction; the components stand side by side, not on top of each other.
    """
    if number == 0 or any(each.id == number and each.world_from_component != Similarity() for each in components):
        return components
    known = next((each for each in components if each.id == number), Component(id=number))
    components = tuple(each for each in components if each.id != number)
    axis = int(np.argmin(np.abs(up or _DEFAULT_UP)))
    place = leading.maximum[axis] + _GAP * longest_edge(leading)
    others = sum(1 for each in components if each.id > 0 and each.world_from_component != Similarity())
    place += others * (1 + _GAP) * longest_edge(leading)
    translation = (np.add(leading.minimum, leading.maximum) - np.add(own.minimum, own.maximum)) / 2
    translation[axis] = place - own.minimum[axis]
    x, y, z = translation.tolist()
    added = known.model_copy(update={"world_from_component": Similarity(translation=(x, y, z))})
    return tuple(sorted((*components, added), key=lambda each: each.id))


def counted(
    components: tuple[Component, ...], cameras: Iterable[CameraEntry], image_count: int
) -> tuple[Component, ...]:
    """The components with their number of placed images; without any camera the leading one has all images."""
    placed = Counter(camera.component for camera in cameras if camera.state is CameraState.PLACED)
    if not placed:
        placed[0] = image_count
    known = {each.id for each in components}
    shown = (*components, *(Component(id=number) for number in sorted(placed.keys() - known)))
    return tuple(each.model_copy(update={"image_count": placed[each.id]}) for each in shown)
