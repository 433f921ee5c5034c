"""How does a rig send a preview of every photograph, also over a link as fast as this machine's own? Without its rule.

`cairn edge run` leaves a preview out when the photograph itself would be there within two seconds. On one machine it always
would be, so that a run of minutes would never see a preview.
"""

import sys

from cairn import main
from edge_agent.uplink import previews

if __name__ == "__main__":
    vars(previews)["SOON_S"] = 0.0
    sys.argv[1:] = ["edge", "run"]
    main()
