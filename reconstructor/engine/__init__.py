"""The built-in black box: live structure from motion, dense depth, gated complete re-solves."""

import os

# OpenMP's threads spin while they wait for each other. On a machine with other work 7 s of dense depth became 41 s
# (2 cores, load 10, 2026-11-24). The variable is read once, when torch or pycolmap load libgomp, so it is set here.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
