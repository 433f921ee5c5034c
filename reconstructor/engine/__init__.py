"""The built-in black box: live structure from motion, dense depth, gated complete re-solves."""

import os

# OpenMP's threads spin while they wait for one another. On a machine with other work that turned 7 s of dense depth
# into 41 s (2 cores, load 10, 2026-11-24). Read once, when torch or pycolmap load their libgomp: hence here.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
