"""Photographs rendered once for all tests of the engine."""

import pytest

from tests.unit.reconstructor.engine.synthetic import Photographs, photograph


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Photographs:
    """Seven photographs of one object, in order of the camera's walk."""
    return photograph(tmp_path_factory.mktemp("photographs"), count=7)
