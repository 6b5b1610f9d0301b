"""Archives of a learning management system: an unsound one costs nobody but its own student."""

from __future__ import annotations

import io
import logging
import tarfile
import zipfile
from pathlib import Path

import pytest
from traitlets.config import Config

from autograder.base.limits import ArchiveLimits, HandInLimits
from autograder.course.handed_in import archives
from autograder.course.handed_in.archives import UnsoundArchive, own_folder, unpack
from autograder.nbgrader_plugin.copying import Collector, Extractor

KINDS = (".zip", ".gz")


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(**members: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped(a=b"x"))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def laid(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ARCHIVE", ArchiveLimits(files=10, total_bytes=4000))
    monkeypatch.setattr(archives, "HAND_IN", HandInLimits(files=3, total_bytes=20_480))


def test_an_archive_and_those_in_it_are_unpacked_into_folders_of_their_own(tmp_path):
    inner = zipped(**{"eve_ps1.ipynb": b"eve's", "data/x": b"1"})
    path = laid(tmp_path, "all.zip", zipped(**{"eve.zip": inner, "ada_ps1.ipynb": b"ada's"}))
    assert unpack(path, own_folder(path), KINDS) == {}
    assert files_in(tmp_path / "all") == {
        *("ada_ps1.ipynb", "eve.zip", "eve/eve_ps1.ipynb", "eve/data/x")
    }


def test_of_a_tar_file_ordinary_files_are_unpacked(tmp_path):
    path = laid(tmp_path, "eve.tar.gz", tarred(**{"ps1.ipynb": b"eve's"}))
    assert unpack(path, own_folder(path), KINDS) == {}
    assert files_in(tmp_path / "eve") == {"ps1.ipynb"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped(a=b"0" * 5000), "it holds too much"), (tarred(a=b"0" * 5000), "it holds too much"),
        (tarred(a=b"0" * 50_000), "it holds too much"),
        (zipped(**{f"{number}": b"" for number in range(11)}), "it holds too many files"),
        (zipped(**{"../up": b"x"}), "leads elsewhere"),
        (zipped(**{"/tmp/up": b"x"}), "leads elsewhere"),
        (zipped(**{"..\\up": b"x"}), "leads elsewhere"),
        (zipped(**{"a": b"x", "a/b": b"x"}), "Error"), (zipped(**{"a" * 300: b"x"}), "Error"),
        (zipped(a=b"x")[:-5], "Error|File"), (encrypted(), "encrypted"), (b"no archive", "Error"),
        (b"", "Error"),
    ],
    # An archive has the time at which it was made in it; each worker makes its own.
    ids=lambda value: "archive" if isinstance(value, bytes) else value,
)  # fmt: skip
def test_of_what_is_unsound_nothing_is_left_and_the_reason_is_told(tmp_path, content, why):
    path = laid(tmp_path, "eve.zip", content)
    with pytest.raises(UnsoundArchive, match=why):
        unpack(path, own_folder(path), KINDS)
    assert files_in(tmp_path) == {"eve.zip"}


def test_an_unsound_archive_in_another_takes_nothing_from_those_beside_it(tmp_path):
    members = {"bomb.zip": zipped(a=b"0" * 90_000), "many.zip": zipped(a=b"", b=b"", c=b"", d=b"")}
    path = laid(tmp_path, "all.zip", zipped(**members, **{"sound.zip": zipped(a=b"x")}))
    left = unpack(path, own_folder(path), KINDS)
    assert left == {"bomb.zip": "it holds too much", "many.zip": "it holds too many files"}
    assert files_in(tmp_path / "all") == {*members, "sound.zip", "sound/a"}


def test_one_unsound_archive_stops_no_collection(tmp_path, caplog):
    source, destination = tmp_path / "archive", tmp_path / "extracted"
    source.mkdir()
    destination.mkdir()
    laid(source, "ada.zip", zipped(**{"ada_ps1.ipynb": b"ada's"}))
    laid(source, "eve.zip", zipped(**{"eve_ps1.ipynb": b"0" * 5000}))
    laid(source, "joe.gz", b"no archive")
    laid(source, "kim_ps1.ipynb", b"kim's")
    (source / "lin.zip").symlink_to("ada.zip")
    with caplog.at_level(logging.ERROR):
        Extractor(parent=None, log=logging.getLogger("test")).extract(str(source), str(destination))
    assert files_in(destination) == {"ada/ada_ps1.ipynb", "kim_ps1.ipynb"}
    assert [record.getMessage().split()[0] for record in caplog.records] == [
        *("'eve.zip'", "'joe.gz'", "'lin.zip'")
    ]


@pytest.mark.parametrize(
    ("names", "collected"),
    [
        (["a/ada~ps1.ipynb", "b/ada~ps1.ipynb", "eve~ps1.ipynb"], [1, 0, 1]),
        (["a/ada~ps1~2026-10-05.ipynb", "b/ada~ps1~2026-10-06.ipynb"], [1, 1]),
        (["a/ada~ps1.ipynb", "b/ada~ps1~2026-10-06.ipynb"], [1, 0]),
        (["a/ada~ps1~2026-10-05.ipynb", "b/ada~ps1.ipynb"], [1, 0]),
        (["ada~ps1~2026-99-99.ipynb", "eve~ps1.ipynb"], [0, 1]),
        (["..~ps1.ipynb", "ada~...ipynb", "eve~ps1.ipynb"], [0, 0, 1]),
    ],
)
def test_a_name_that_would_end_nbgrader_is_not_collected(tmp_path, names, collected):
    pattern = r".*/(?P<student_id>[^/~]+)~(?P<file_id>[^~]+?)(~(?P<timestamp>[\d-]+))?\.ipynb"
    config = Config({"FileNameCollectorPlugin": {"named_regexp": pattern}})
    collector = Collector(config=config)
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        laid(tmp_path, name, b"{}")
    found = [collector.collect(str(tmp_path / name)) for name in names]
    assert [one is not None for one in found] == list(map(bool, collected))
