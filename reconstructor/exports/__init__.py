"""How do other programs get a reconstruction? As a COLMAP folder, PLY, LAZ or glTF: `cairn export`."""
