"""A system that `cairn init` made, for each test that asks for one."""

from tests.systems import installation, system

__all__ = ["installation", "system"]
