"""The one thing that pyproject.toml cannot say: a wheel carries the built page and elements, or is not made."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel


class WheelWithPage(bdist_wheel):
    """A wheel without the page would install well and then show nothing."""

    def run(self) -> None:
        """Build the wheel when the page and the elements are built, else stop in one line."""
        for built in ("viewer/web/dist/index.html", "viewer/web/elements/dist/package.json"):
            if not Path(built).is_file():
                raise SystemExit(f"there is no {built}: run `make setup` first, then build the wheel")
        super().run()


setup(cmdclass={"bdist_wheel": WheelWithPage})
