"""Where does a child process find the modules that this one can import? In the same folders."""

import os
import sys
from pathlib import Path


def import_paths() -> str:
    """This process's import paths, absolute, for `PYTHONPATH`: the child may work in another folder."""
    return os.pathsep.join(str(Path(each).absolute()) for each in sys.path)
