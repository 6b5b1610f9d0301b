"""What one submission may use: the one place where the limits are set."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Limits:
    """Limits for one submission.

    Parameters
    ----------
    cell_seconds : wall time of one cell
    call_seconds : wall time of one call of a judged function
    exercise_seconds : wall time of all calls for one exercise
    session_seconds : wall time of a whole submission, restarts included
    restarts : how often a submission whose process died is taken up again
    memory_megabytes : address space beyond that of the warm process
    scratch_megabytes : files, all in memory, gone afterwards
    threads : tasks of the process
    output_bytes : text of one cell's outputs that is kept
    image_bytes : pictures of one cell's outputs that are kept
    all_output_bytes, all_image_bytes : text and pictures of all its outputs that are kept;
        honest work has had 25 kB and 40 kB, and a worker holds them several times over
    """

    cell_seconds: float = 20.0
    call_seconds: float = 5.0
    exercise_seconds: float = 20.0
    session_seconds: float = 120.0
    restarts: int = 3
    memory_megabytes: int = 1024
    scratch_megabytes: int = 64
    threads: int = 64
    output_bytes: int = 100_000
    image_bytes: int = 4 << 20
    all_output_bytes: int = 4 << 20
    all_image_bytes: int = 16 << 20


@dataclass(frozen=True)
class Exchange:
    """Limits for what passes between a submission and the trusted side.

    What honest work sends is small: the largest answer of an exercise is 3 kB, all answers
    of one exercise are 60 kB.  Each limit leaves at least a hundred times that, and keeps the
    trusted side below 300 MB and each answer below a second, whatever is sent.

    Parameters
    ----------
    value_depth : lists in lists, of one value
    value_items : items of one value, at all depths; a list of lists of numbers, say
    value_keys : entries of one dictionary; keys can be chosen so that finding one among n
        takes n steps
    value_text : characters of one text
    value_entries : entries of one array: where two answers are compared, each is copied
        several times as float64
    value_bytes : all arrays of one value
    array_dimensions : NumPy's own limit is 32 or 64
    empty_entries : product of the axes of an array that holds nothing, the empty ones left
        out: what goes through it axis by axis takes that many steps
    frame_depth, frame_items : of all that one frame holds: an answer, or the outputs of a cell
    frame_text_bytes : all but the arrays of one frame to a submission: the source of a cell
    frame_raw_bytes : arrays of one frame to a submission: the files of an assignment
    answer_text_bytes : all but the arrays of one frame from a submission: the text of a cell's
        outputs, in the widest characters, takes a fifth of that
    answer_raw_bytes : arrays of one frame from a submission: the pictures of a cell, or a value
        and the arguments as they are after the call
    answers_bytes : all answers to the calls of one exercise, which are kept until it is judged
    names : of what can be called in a notebook, of which `autograder diagnose` looks for some
    outputs : outputs of one cell, and lines of a traceback; an honest child sends fewer
    error_bytes : what errors may add to a cell's `Limits.output_bytes`
    asked_items : entries of the arguments with which student code may ask a function of the
        trusted side, a student's test with a large batch, say; four times those of the judged
        call, where that is more
    argument_made : entries that a function which the call was given may make of them
    lent_made : entries that a function makes of them which is lent while an error is carried
        forward, as each exercise that is lent says of itself (`made`)
    nested_calls : calls of a lent function that calls back what it was given, and so on
    """

    value_depth: int = 8
    value_items: int = 10_000
    value_keys: int = 1_000
    value_text: int = 10_000
    value_entries: int = 1 << 20
    value_bytes: int = 8 << 20
    array_dimensions: int = 8
    empty_entries: int = 10_000
    frame_depth: int = 32
    frame_items: int = 50_000
    frame_text_bytes: int = 4 << 20
    frame_raw_bytes: int = 64 << 20
    answer_text_bytes: int = 2 << 20
    answer_raw_bytes: int = 16 << 20
    answers_bytes: int = 16 << 20
    names: int = 1_000
    outputs: int = 250
    error_bytes: int = 200_000
    asked_items: int = 4096
    argument_made: int = 1 << 22
    lent_made: int = 1 << 18
    nested_calls: int = 4


LIMITS = Limits()
EXCHANGE = Exchange()
# A notebook of another course may train for minutes, and somebody waits for it.
DIAGNOSE_LIMITS = replace(LIMITS, session_seconds=300.0)


@dataclass(frozen=True)
class PageLimits:
    """What one notebook's page may hold; what is beyond is shown as bare text, or told in a line.

    An honest notebook of this course has a tenth of it.  The highlighter and the
    Markdown parser take time that grows with the square of some texts, so what is
    given to them is short, and there is a total for the page.

    Parameters
    ----------
    line, blank : characters of a line, and of blank lines, in code that is highlighted: its time
        is their square
    code_cell, code : characters that are highlighted, of a cell and of a page
    markdown_cell, markdown : characters of Markdown that is rendered, of a cell and of a page
    html_cell : characters of HTML that a cell's Markdown may become, pictures apart
    depth, elements : of that HTML: cleaning takes time by their product
    pictures : characters of a page's pictures, in base64
    text_cell, text : characters that are shown as bare text, of one text and of a page
    outputs : of a page, whatever their size
    """

    line: int = 1000
    blank: int = 200
    code_cell: int = 20_000
    code: int = 100_000
    markdown_cell: int = 10_000
    markdown: int = 60_000
    html_cell: int = 200_000
    depth: int = 100
    elements: int = 5000
    pictures: int = 16 << 20
    text_cell: int = 200_000
    text: int = 2_000_000
    outputs: int = 2000


PAGE = PageLimits()
# Of a page that could not be made in time: nothing in it takes longer than to copy it.
PLAIN_PAGE = replace(PAGE, code=0, markdown=0, pictures=0, text_cell=20_000, text=500_000)


@dataclass(frozen=True)
class Budget:
    """What a trusted process may use for one hand-in, student code in its sandbox left out.

    What ends there is always trusted code that a hand-in made work in vain: the process is
    killed, the hand-in named, and the class goes on.

    Parameters
    ----------
    seconds : wall time
    cpu_seconds : processor time, which says the same on a crowded machine
    memory_megabytes : of the whole process, libraries included
    answer_megabytes : of what it makes
    """

    seconds: float
    cpu_seconds: float
    memory_megabytes: int = 240
    answer_megabytes: int = 48


# Beside the submission's own time.  An honest one takes a tenth of a second of the processor;
# the sample class at most 0.3 s.  A worker holds about 70 MB, and while it judges 100.
GRADING = Budget(4.0, 3.0)
# Where test cells are judged outside: each call of a student's function passes through here twice,
# an eighth of a millisecond for a small one, and no test has more time than its cell.
RELAYING = replace(GRADING, cpu_seconds=40.0)
# The graded notebook of a submission whose grading was ended: nothing is run for it.
WRITING = Budget(20.0, 1.5)
# A page of feedback.  An honest one takes half a second at most; pictures make it large.
RENDERING = Budget(20.0, 3.0, answer_megabytes=32)
# A cell of Formgrader's page, made for Jupyter's server.
FILTERING = Budget(10.0, 1.0, answer_megabytes=24)
# A notebook of another course: each of its functions is judged in dozens of ways of calling it.
DIAGNOSING = Budget(DIAGNOSE_LIMITS.session_seconds + 60.0, 60.0)


@dataclass(frozen=True)
class HandInLimits:
    """What a hand-in's folder may hold beside its notebook; the rest is left out, and named.

    Parameters
    ----------
    files, total_bytes, file_bytes : an honest one has a few small files, if any
    depth : of folders in folders
    entries : that are looked at, links and all
    """

    files: int = 100
    total_bytes: int = 100 << 20
    file_bytes: int = 20 << 20
    depth: int = 8
    entries: int = 1000


HAND_IN = HandInLimits()


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive of a whole class may hold, the archives in it included.

    An archive in it is one student's, and has what a hand-in has.
    """

    files: int = 10_000
    total_bytes: int = 400 << 20


ARCHIVE = ArchiveLimits()
