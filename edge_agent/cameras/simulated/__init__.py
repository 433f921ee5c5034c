"""How is a rig tested without hardware? By ray-traced heritage objects of known shape, with exact depth and poses."""
