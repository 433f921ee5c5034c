"""The one thing that pyproject.toml cannot say: a wheel carries the built page, or is not made."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class WheelWithPage(bdist_wheel):
    """A wheel without the page would install well and then show nothing."""

    def run(self) -> None:
        """Build the wheel when the page lies in viewer/web/dist, else stop in one line."""
        if not Path("viewer/web/dist/index.html").is_file():
            raise SystemExit("no page in viewer/web/dist: run `make setup` first, then build the wheel")
        super().run()


setup(cmdclass={"bdist_wheel": WheelWithPage})
