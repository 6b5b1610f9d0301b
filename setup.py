"""The course's sources go into the wheel, so that `autograder init --with ps1` has them."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
CARRIED = ("source/*/*.ipynb", "notebooks/figures.py", "notebooks/digits*")


class WithSources(build_py):
    """Builds the packages, and puts source/ and the pictures into `softmax_by_hand/course/`."""

    def run(self):
        super().run()
        if self.editable_mode:  # a checkout has them where they are
            return
        for path in (path for pattern in CARRIED for path in sorted(ROOT.glob(pattern))):
            target = Path(self.build_lib, "softmax_by_hand", "course", path.relative_to(ROOT))
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(path), str(target))


setup(cmdclass={"build_py": WithSources})
