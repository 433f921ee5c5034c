"""Which object is photographed from all sides? A robed figure on its pedestal in a paved court."""

from edge_agent.cameras.simulated.figure import carved_figure
from edge_agent.cameras.simulated.meshes import Mesh, merged
from edge_agent.cameras.simulated.stonework import pedestal
from edge_agent.cameras.simulated.surroundings import ground, rubble

PEDESTAL_HEIGHT = 1.12


def statue(*, spacing: float = 0.008) -> Mesh:
    """Build the figure, 3 world units high with its pedestal, at the world's origin."""
    figure = carved_figure(spacing=spacing).moved((0.0, 0.0, PEDESTAL_HEIGHT))
    court = ground(seed=6, reach=6.0, spacing=0.04).moved((0.0, 4.0, 0.0))
    return merged([figure, *pedestal((0.0, 0.0), seed=12), court, *rubble((-1.9, 1.4), seed=4)])
