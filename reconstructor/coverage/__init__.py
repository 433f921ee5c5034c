"""How well do the photographs cover the object, and where should the next ones be taken? From cameras and cloud alone.

The same code serves the built-in engine and a foreign black box: depth is that of the cloud as each photograph sees it,
never a depth map of the engine's.
"""
