"""How do other programs get a reconstruction? As COLMAP, PLY, LAZ, glTF or E57, and people as a report: `cairn export`."""
