"""Which installed files a submission sees, for packages installed in every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.sandbox.box import package_folders
from autograder.sandbox.packages import ALWAYS, shown


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages; a submission may use numpy, and may not use scipy."""
    install(tmp_path, "numpy-2.0", ["numpy/__init__.py", "numpy.libs/blas.so", "../../bin/f2py"])
    install(tmp_path, "scipy-1.0", ["scipy/special.py"], ["numpy>=1"])
    return tmp_path


def install(site: Path, name: str, files: list[str], requires: list[str] | None = None) -> None:
    """Install a package as pip does; its licence has an empty-looking line, as Matplotlib's has."""
    info = site / f"{name}.dist-info"
    for file in files:
        path = site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    info.mkdir()
    record = [*files, f"{info.name}/RECORD"]
    (info / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in record))
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires or ())
    licence = "License: free\n        \n        for all\n"
    text = f"Metadata-Version: 2.1\nName: {name}\n{licence}{needs}\nRequires-Dist: scipy\n"
    (info / "METADATA").write_text(text)


def entries(site: Path, *names: str) -> list[str]:
    return [entry for _, entry in shown(names, [site]).entries]


def test_what_is_allowed_is_shown_with_its_libraries_and_nothing_beside_it(site):
    assert entries(site, "numpy") == ["numpy", "numpy-2.0.dist-info", "numpy.libs"]
    assert shown(["numpy"], [site]).refused == ("scipy",)


def test_what_it_needs_comes_along_and_what_only_its_extras_need_does_not(site):
    install(site, "plots-1", ["plots.py"], ["Py.Fonts >=1", 'scipy; extra == "all"'])
    install(site, "py_fonts-3", ["fonts/a.py"], ['scipy; python_version < "3"', "absent"])
    assert entries(site, "plots")[:1] == ["fonts"]
    assert "plots.py" in entries(site, "plots")
    assert "scipy" not in entries(site, "plots")


def test_of_a_folder_that_packages_share_only_the_allowed_part_is_shown(site):
    install(site, "one-1", ["shared/one/a.py", "shared/one/b.py"])
    install(site, "other-1", ["shared/other/softmax.py"])
    found = entries(site, "one")
    assert "shared/one" in found
    assert not any("other" in entry or entry == "shared" for entry in found)


def test_a_package_may_be_named_as_it_is_installed(site):
    install(site, "scikit_learn-1.5", ["sklearn/metrics.py"])
    assert "sklearn" in entries(site, "sklearn")
    assert "sklearn" in entries(site, "scikit-learn")
    assert "sklearn" in shown(["numpy"], [site]).refused


def test_debians_packages_note_only_their_names(site):
    (site / "six.py").touch()
    (site / "sixties.py").touch()
    info = site / "six-1.16.egg-info"
    info.mkdir()
    (info / "top_level.txt").write_text("six\n")
    assert [entry for entry in entries(site, "six") if "six" in entry] == [info.name, "six.py"]


def test_here_everything_of_scientists_but_numpy_and_matplotlib_is_refused():
    found = shown(["numpy", "matplotlib"], package_folders())
    tops = {entry.partition("/")[0] for _, entry in found.entries}
    assert {*ALWAYS, "PIL", "numpy.libs"} - {"numpy.libs"} <= tops
    others = {"autograder", "keras", "nbgrader", "pip", "pytest", "scipy", "sklearn", "tensorflow"}
    assert not tops & others
    assert "pytest" in found.refused
    assert not set(found.refused) & tops
