"""How each system names what it gives: whose a file is, when it came, and how the student named it.

Pure text: a path in a download goes in, what it says comes out.  Where a system writes names
into folders or files, the first part of the path that has its form counts, so it does not matter
what the download was unpacked into.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from autograder.incoming.collecting.clock import moment_of
from autograder.incoming.collecting.download import without_ending
from autograder.incoming.collecting.names import folded
from autograder.incoming.collecting.people import MAX_NAME, MAX_WORDS, Sender

TIMES = r"\d{4}(?:-\d\d){5}"
MOODLE = re.compile(
    r"(?P<key>(?P<name>.+?)_(?P<number>\d+))_assignsubmission_[a-z]+(?:_(?P<rest>.*))?"
)
BLACKBOARD = re.compile(
    rf"(?P<head>.+?)_attempt_(?P<time>{TIMES})(?:_(?P<rest>.+)|(?P<told>\.txt))", re.DOTALL
)
BRIGHTSPACE = re.compile(
    r"(?P<key>(?P<number>\d+)-\d+ - (?P<name>.+?)) - (?P<date>[^-]*?\b\d{4}) "
    r"(?P<clock>\d{1,4})(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: - (?P<rest>.+))?"
)
CANVAS = re.compile(
    r"(?P<key>(?P<name>.+?)(?P<late>_(?:LATE|late))?_(?P<number>\d+))_"
    r"(?:(?P<order>\d+)_(?P<rest>.+)|(?:text|link)\.html)"
)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<key>(?P<late>LATE_)?anon_(?P<number>[A-Za-z0-9]+))_"
    r"(?:(?P<order>\d+)_(?P<rest>.+)|(?:text|link)\.html)"
)
FORMS = {
    "blackboard": (BLACKBOARD,),
    "moodle": (MOODLE,),
    "brightspace": (BRIGHTSPACE,),
    "canvas": (CANVAS_ANONYMOUS, CANVAS),
}
SYSTEMS = (*sorted(FORMS), "github", "google", "folder")
PATTERN = "named_regexp"  # nbgrader's way, for a system that is not among these
BRANCHES = ("-main", "-master")  # of which GitHub's own archives have one at the end
# Made by systems and programs; nobody handed it in.
OF_SYSTEMS = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints",
              "__pycache__"}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A file, as its name in a download tells it.

    Parameters
    ----------
    sender : whose it is
    inner : the student's name for it, folders and all
    at : when, as the system's clock has it, or None
    attempt : what tells the attempts of one sender apart
    order : of two files with one name the greater came later
    late : whether the system says so
    """

    sender: Sender
    inner: str
    at: datetime | None = None
    attempt: str = ""
    order: int = 0
    late: bool = False


def system_of(names: Sequence[str], assignment: str, cloned: bool = False) -> str:
    """Return which system gave files with these names.

    Parameters
    ----------
    cloned : whether there are repositories among them
    """
    names = [name for name in names if not is_made_by_a_system(name)]
    found = {
        system: sum(any(_has(forms, part) for part in name.split("/")) for name in names)
        for system, forms in FORMS.items()
    }
    best = max(found, key=lambda system: found[system])
    if names and found[best] * 2 > len(names):
        return best
    if cloned or _are_repositories([name.split("/") for name in names], assignment):
        return "github"
    if sum(" - " in name.rsplit("/", 1)[-1] for name in names) * 2 > len(names):
        return "google"
    return "folder"


def _are_repositories(paths: list[list[str]], assignment: str) -> bool:
    """Whether every folder, in whatever they all are, begins with the assignment's name."""
    while paths and all(len(path) > 1 for path in paths):
        tops = {path[0] for path in paths}
        if len(tops) > 1 or {f"{assignment}-"} == {top[: len(assignment) + 1] for top in tops}:
            return all(top.startswith(f"{assignment}-") for top in tops)
        paths = [path[1:] for path in paths]
    return False


def is_made_by_a_system(name: str) -> bool:
    """Whether nobody handed this in."""
    return any(part in OF_SYSTEMS or part.startswith("._") for part in name.split("/"))


def has_a_form(name: str) -> bool:
    """Whether a file's name says whose it is in the form of a system that writes it there."""
    return any(_has(forms, name) for forms in FORMS.values())


def _has(forms: Iterable[re.Pattern[str]], name: str) -> bool:
    return any(form.fullmatch(name) for form in forms)


def read_names(
    system: str,
    names: Sequence[str],
    assignment: str,
    knows: Callable[[str], bool],
    first_lines: Mapping[str, str],
    pattern: str = "",
) -> dict[str, Sent]:
    """Return what each name says; what says nothing is not there.

    Parameters
    ----------
    system : one of `SYSTEMS`
    names : paths in the download
    knows : whether somebody in the course is called like this
    first_lines : of text files that Blackboard writes: they say login and name
    pattern : the course's own (`c.FileNameCollectorPlugin.named_regexp`), where that is the system
    """
    if system == PATTERN:
        found = {name: _by_pattern(pattern, name) for name in names}
        return {name: sent for name, sent in found.items() if sent is not None}
    if system == "blackboard":
        return _blackboard(names, first_lines, knows)
    if system in FORMS:
        read = _canvas if system == "canvas" else _moodle if system == "moodle" else _brightspace
        found = {name: _first(read, name) for name in names}
        return {name: sent for name, sent in found.items() if sent is not None}
    if system == "google":
        return {name: _google(name, assignment, knows) for name in names}
    return _folders(names, assignment, knows, system)


def _first(read: Callable[[str, str], Sent | None], name: str) -> Sent | None:
    """Return what the first part of a path that says something says."""
    # An archive that went through macOS has its umlauts in two parts.
    parts = unicodedata.normalize("NFC", name).split("/")
    for place, part in enumerate(parts):
        sent = read(part, "/".join(parts[place + 1 :]))
        if sent is not None:
            return sent
    return None


def _by_pattern(pattern: str, name: str) -> Sent | None:
    """Read a name as nbgrader's collector does; it sees whole paths."""
    found = re.match(pattern, f"/{name}")
    told = {key: text for key, text in (found.groupdict() if found else {}).items() if text}
    if "student_id" not in told:
        return None
    at = moment_of(told["timestamp"]) if "timestamp" in told else None
    ending = name[name.rfind(".") :] if "." in name.rsplit("/", 1)[-1] else ""
    stem = without_ending(told.get("file_id", name.rsplit("/", 1)[-1]))
    written = f"{told.get('first_name', '')} {told.get('last_name', '')}".strip()
    logins = tuple(filter(None, (told["student_id"], told.get("email"))))
    sender = Sender(told["student_id"], "", logins, (written,) if written else ())
    return Sent(sender, f"{stem}{ending}", at, told.get("timestamp", ""))


def _inside(written: str | None, below: str, otherwise: str) -> str:
    """Return the student's path of a file from what stands in a part of a path and below it."""
    return "/".join(part for part in (written, below) if part) or otherwise


def _moodle(part: str, below: str) -> Sent | None:
    found = MOODLE.fullmatch(part)
    if found is None:
        return None
    sender = Sender(found["key"], found["number"], names=(found["name"],))
    return Sent(sender, _inside(found["rest"], below, part))


def _canvas(part: str, below: str) -> Sent | None:
    found = CANVAS_ANONYMOUS.fullmatch(part) or CANVAS.fullmatch(part)
    if found is None:
        return None
    names = () if found.re is CANVAS_ANONYMOUS else (found["name"],)
    sender = Sender(found["key"], found["number"], names=names)
    inner = _inside(found["rest"], below, part.rsplit("_", 1)[-1])
    return Sent(sender, inner, order=int(found["order"] or 0), late=bool(found["late"]))


def _brightspace(part: str, below: str) -> Sent | None:
    found = BRIGHTSPACE.fullmatch(part)
    if found is None:
        return None
    sender = Sender(f"{found['number']} - {found['name']}", found["number"], (), (found["name"],))
    at = _at(found["date"], found["clock"], found["half"])
    attempt = found["date"] + found["clock"] + (found["half"] or "")
    return Sent(sender, _inside(found["rest"], below, part), at, attempt)


def _at(date: str, clock: str, half: str | None) -> datetime | None:
    """Return the moment of ``"Jan 31, 2025 145 PM"``.

    >>> _at("Jan 31, 2025", "145", "P")
    datetime.datetime(2025, 1, 31, 13, 45)
    """
    clock = clock.zfill(3)
    return moment_of(f"{date} {clock[:-2]}:{clock[-2:]}" + (f" {half}M" if half else ""))


def _blackboard(
    names: Sequence[str], first_lines: Mapping[str, str], knows: Callable[[str], bool]
) -> dict[str, Sent]:
    found = {}
    for name in names:
        parts = name.split("/")
        for place, part in enumerate(parts):
            if (match := BLACKBOARD.fullmatch(part)) is not None:
                found[name] = match, "/".join(parts[place + 1 :])
                break
    heads = {match["head"] for match, _ in found.values()}
    title = _beginning(heads, "_", knows)
    people = {}
    for name, (match, _) in found.items():
        told = re.fullmatch(r"Name:\s*(.*)\s\((.+)\)\s*", first_lines.get(name, ""))
        if match["told"] and told and match["head"].endswith(f"_{told[2]}"):
            people[match["head"]] = (told[2],), (told[1].strip(),)
    sent = {}
    for name, (match, below) in found.items():
        head = match["head"]
        logins, people_names = people.get(head, ((head.removeprefix(title),), ()))
        time = datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S") if _is_time(match) else None
        sender = Sender(head, "", logins, people_names)
        inner = _inside(match["rest"], below, "blackboard.txt")
        sent[name] = Sent(sender, inner, time, match["time"])
    return sent


def _is_time(match: re.Match[str]) -> bool:
    try:
        datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return False
    return True


def _google(name: str, assignment: str, knows: Callable[[str], bool]) -> Sent:
    """Classroom puts a name before what it copied for a student, or a folder is called so."""
    *folders, file = name.split("/")
    place = next((at for at in reversed(range(len(folders))) if knows(folders[at])), None)
    if place is not None:
        whose = folders[place]
        return Sent(Sender(whose, "", (whose,), (whose,)), "/".join((*folders[place + 1 :], file)))
    return Sent(_sender_of(file, assignment), file)


def _sender_of(file: str, assignment: str) -> Sender:
    """Return whose a file can be by its name alone.

    A login is one word, and another word of the name may be somebody else's: it counts where the
    rest is the assignment's name.
    """
    stem = without_ending(file)[:MAX_NAME]
    logins = [stem]
    for between in (" - ", "_", "-"):
        parts = stem.split(between)
        for cut in range(1, len(parts) if len(parts) <= MAX_WORDS else 0):
            begins, ends = between.join(parts[:cut]), between.join(parts[cut:])
            logins += [begins] if folded(ends).strip() == folded(assignment) else []
            logins += [ends] if folded(begins).strip() == folded(assignment) else []
    return Sender(stem, "", tuple(logins), tuple(possible_names(file)))


def possible_names(file: str) -> list[str]:
    """Return what of a file's name can be the name of who sent it, the likeliest first.

    >>> possible_names("Ann Lee - ps1.ipynb")
    ['Ann Lee', 'ps1', 'Ann Lee - ps1']
    """
    stem = without_ending(file)[:MAX_NAME]
    return [*_pieces(stem, " - "), *_pieces(stem, "_"), stem]


def _pieces(text: str, between: str) -> list[str]:
    """Return the beginnings and the ends of a text, the shortest first."""
    parts = text.split(between)
    cuts = range(1, len(parts) if len(parts) <= MAX_WORDS else 0)
    return [
        *(between.join(parts[:cut]).strip() for cut in cuts),
        *(between.join(parts[cut:]).strip() for cut in reversed(cuts)),
    ]


def _folders(
    names: Sequence[str], assignment: str, knows: Callable[[str], bool], system: str
) -> dict[str, Sent]:
    """Read a folder for each student, or a file for each."""
    below = {name: name.split("/") for name in names}
    while (top := _wrapper(below.values(), knows, assignment)) is not None:
        below = {name: parts[1:] for name, parts in below.items() if parts[0] == top}
    tops = {parts[0] for parts in below.values()}
    begin = _beginning(map(_without_branch, tops), "-", knows) if system == "github" else ""
    own = {parts[0] for parts in below.values() if len(parts) > 2 and parts[1] == assignment}
    sent = {}
    for name, (top, *rest) in below.items():
        if rest and top in own:
            if rest[0] != assignment:
                continue  # of another assignment
            rest = rest[1:]
        if rest:
            whose = _without_branch(top).removeprefix(begin) if system == "github" else top
            sent[name] = Sent(Sender(top, "", (whose,), (whose,)), "/".join(rest))
        else:
            sent[name] = Sent(_sender_of(top, assignment), top)
    return sent


def _wrapper(
    paths: Iterable[Sequence[str]], knows: Callable[[str], bool], assignment: str
) -> str | None:
    """Return the one folder that everything is in and that is nobody's, or None."""
    paths = list(paths)
    tops = {path[0] for path in paths}
    if len(tops) != 1 or any(len(path) < 2 for path in paths):
        return None
    (top,) = tops
    if knows(top) or all(path[1] == assignment for path in paths):
        return None
    below = {path[1] for path in paths if len(path) > 2}
    if any(knows(without_ending(path[1])) for path in paths):
        return top
    # Folders in one folder are a class; one folder in one folder may be a student's.
    return top if len(below) > 1 else None


def _beginning(texts: Iterable[str], between: str, knows: Callable[[str], bool]) -> str:
    """Return what stands before the login in each of these: a title, which all have in common.

    Where logins begin alike too, it is the beginning after which most are somebody's.

    >>> _beginning(["ps_1_s001", "ps_1_s002"], "_", lambda login: False)
    'ps_1_'
    >>> _beginning(["ps-1-a-b", "ps-1-a-c"], "-", {"a-b", "a-c"}.__contains__)
    'ps-1-'
    """
    texts = list(texts)
    places = zip(*(text.split(between)[:-1] for text in texts), strict=False)
    common = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, places)]
    beginnings = [
        "".join(f"{part}{between}" for part in common[:length])
        for length in reversed(range(len(common) + 1))
    ]
    return max(
        beginnings,
        key=lambda beginning: sum(knows(text.removeprefix(beginning)) for text in texts),
    )


def _without_branch(repository: str) -> str:
    """Return a repository's name without what GitHub's own archives have after it."""
    return next(
        (repository.removesuffix(end) for end in BRANCHES if repository.endswith(end)), repository
    )
