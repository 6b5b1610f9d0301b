"""How a released notebook, opened alone, gets the files that belong beside it.

The text of `lay_out` stands in the notebook itself, so it needs Python's own library only.
"""


def lay_out(packed: dict[str, str]) -> None:
    """Put these files beside the notebook, where they are missing."""
    import atexit
    import base64
    import importlib.machinery
    import os
    import pathlib
    import shutil
    import sys
    import tempfile

    try:
        import bz2

        here = pathlib.Path.cwd()
        spare = None  # a folder of its own, for what cannot lie here
        laid: list[str] = []
        own: dict[str, list[str]] = {}  # why they cannot lie here: their names
        for name, text in packed.items():
            content = bz2.decompress(base64.b64decode(text))
            place, why = here / name, "another version lies there"
            try:
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
                    laid.append(name)
                # Mail and version control may write the ends of lines in another way.
                fits = place.read_bytes().replace(b"\r", b"") == content.replace(b"\r", b"")
                # Python prefers a folder with an __init__.py to a file of its name.
                fits = fits and not (here / place.stem / "__init__.py").exists()
            except OSError as problem:
                fits, why = False, f"nothing can be written ({problem.strerror})"
            if not fits:
                if spare is None:
                    spare = pathlib.Path(tempfile.mkdtemp(prefix="notebook-"))
                    atexit.register(shutil.rmtree, spare, ignore_errors=True)
                place = spare / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                own.setdefault(why, []).append(name)
                if place.suffix != ".py":
                    os.chdir(spare)  # a notebook opens its data by their names alone
            if place.suffix == ".py":
                # So that this file is imported, and not another of its name.
                importlib.invalidate_caches()
                found = importlib.machinery.PathFinder.find_spec(place.stem)
                if found is None or found.origin != str(place):
                    sys.path.insert(0, str(place.parent))
                loaded = sys.modules.get(place.stem)
                if loaded is not None and getattr(loaded, "__file__", None) != str(place):
                    del sys.modules[place.stem]
        if laid:
            print(f"Put into {here}: {', '.join(laid)}.")
        for why, names in own.items():
            print(f"In {here} {why}: this notebook uses its own {', '.join(names)}, in {spare}.")
    except Exception as problem:
        missing = [name for name in packed if not pathlib.Path(name).exists()]
        if missing:
            print(
                f"This cell cannot provide {', '.join(missing)} ({problem}): download the whole "
                "folder of this problem set, and open the notebook in it."
            )
