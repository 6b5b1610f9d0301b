"""IPython without a kernel: runs cells and collects their outputs as plain values.

What a cell shows is bounded here for honest cells; the trusted side checks it
again, because student code can reach everything in this process.
"""

from __future__ import annotations

import ast
import base64
import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import matplotlib.artist
import numpy as np
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets.config import Config

from autograder.catalogue.values import type_name

# Each kind of artist, the course's own pictures among them, is given a page of documentation when
# it is defined: a fifth of Matplotlib's import, and nobody reads it here.
matplotlib.artist.kwdoc = lambda artist: ""

KEPT_TYPES = ("text/plain", "image/png", "image/jpeg")
MAX_OUTPUTS = 200
MAX_FRAMES = 20
OWN = f"{os.path.dirname(__file__)}/"  # frames of this folder say nothing to a student
CUT = "\n[the rest of this output is cut]\n"


class Outputs:
    """The outputs of one cell, as plain values, with a bound on their size."""

    def __init__(self, text_bytes: int, image_bytes: int) -> None:
        self.text_bytes, self.image_bytes = text_bytes, image_bytes
        self.clear()

    def clear(self) -> None:
        """Forget what was shown, and its size: a progress display shows one line at a time."""
        self.items: list[dict[str, Any]] = []
        self.text_left, self.image_left = self.text_bytes, self.image_bytes
        self.cut = False

    def write(self, name: str, text: str) -> None:
        if not text or self.cut:
            return
        if len(text) > self.text_left:
            text, self.cut = text[: self.text_left] + CUT, True
        self.text_left -= len(text)
        last = self.items[-1] if self.items else {}
        if last.get("type") == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self._add({"type": "stream", "name": name, "parts": [text]})

    def show(self, kind: str, data: dict[str, Any]) -> None:
        kept: dict[str, Any] = {}
        if self.cut:
            return
        for mime in KEPT_TYPES:
            content = data.get(mime)
            if type(content) is str and mime != "text/plain":
                content = _unbase64(content)
            if type(content) is bytes and len(content) <= self.image_left:
                self.image_left -= len(content)
                kept[mime] = np.frombuffer(content, np.uint8)
            elif type(content) is str and mime == "text/plain" and self.text_left > 0:
                kept[mime] = content[: self.text_left]
                self.text_left -= len(kept[mime])
        if kept:
            self._add({"type": kind, "data": kept})

    def error(self, failure: BaseException) -> None:
        said = traceback.TracebackException(
            type(failure), failure, _cell_frames(failure), limit=-MAX_FRAMES
        )
        said.stack = traceback.StackSummary.from_list(
            [frame for frame in said.stack if not frame.filename.startswith(OWN)]
        )
        text = "".join(said.format(chain=False))
        self.items.append(
            {
                "type": "error",
                "name": type_name(type(failure)),
                "value": _text(failure)[:2000],
                "traceback": text[:5000],
            }
        )

    def _add(self, item: dict[str, Any]) -> None:
        if len(self.items) < MAX_OUTPUTS:
            self.items.append(item)
        elif not self.cut:
            self.cut = True
            self.items.append({"type": "stream", "name": "stdout", "parts": [CUT]})

    def plain(self) -> list[dict[str, Any]]:
        """Return what was collected, ready to be sent."""
        return [
            {"type": "stream", "name": item["name"], "text": "".join(item["parts"])}
            if item["type"] == "stream"
            else item
            for item in self.items
        ]


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _text(failure: BaseException) -> str:
    try:
        return str(failure)
    except BaseException:
        return ""


def _cell_frames(failure: BaseException) -> Any:
    # A student reads their own lines; the frames of IPython above them say nothing.
    frames = failure.__traceback__
    while frames is not None and not _is_cell(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return frames


def _is_cell(filename: str) -> bool:
    return filename.startswith("<cell ")


class _Compiler(CachingCompiler):
    """Compiles a cell's text, and parses it once."""

    def __init__(self) -> None:
        super().__init__()
        self._parsed: tuple[str, str, str, ast.AST] | None = None

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        # A student counts cells; a hash of the source tells nobody anything.
        return f"<cell {number}>"

    def is_python(self, source: str, filename: str) -> bool:
        """Tell whether a text is Python, and keep its tree for `ast_parse`."""
        try:
            self._parsed = source, filename, "exec", super().ast_parse(source, filename)
        except Exception:  # whatever it is, `ast_parse` will meet it again and say it
            return False
        return True

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        parsed, self._parsed = self._parsed, None
        if parsed is not None and parsed[:3] == (source, filename, symbol):
            return parsed[3]
        return super().ast_parse(source, filename, symbol)


class _Transformers(TransformerManager):
    """IPython's own, but what is Python already is not searched for IPython's syntax.

    Each of its forms is an error in Python.  To look for them takes longer than to run most cells.
    """

    def __init__(self, shell: SandboxShell) -> None:
        super().__init__()
        self.shell = shell

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        number = self.shell.execution_count
        if self.shell.compile.is_python("".join(lines), f"<cell {number}>"):
            return lines
        return super().do_token_transforms(lines)


class Stream(io.TextIOBase):
    encoding = "utf-8"

    def __init__(self, outputs: Outputs, name: str) -> None:
        self.outputs, self.stream = outputs, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.outputs.write(self.stream, text)
        return len(text)

    def flush(self) -> None:
        pass


class _Publisher(DisplayPublisher):
    shell: Any

    def publish(self, data: Any, metadata: Any = None, **_: Any) -> None:  # type: ignore[override]
        self.shell.outputs.show("display", data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class _Hook(DisplayHook):
    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.outputs.show("result", format_dict)

    def finish_displayhook(self) -> None:
        pass

    def log_output(self, format_dict: Any) -> None:
        pass


class SandboxShell(InteractiveShell):
    """An interactive shell whose outputs go to `outputs`."""

    outputs: Outputs
    compile: _Compiler

    @property
    def user_global_ns(self) -> dict[str, Any]:
        """The names of the cells: one dictionary, whoever made it."""
        return self.user_ns

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window system."""

    def enable_matplotlib(self, gui: Any = None) -> Any:
        """Draw inline whatever is asked for: nothing else can be shown."""
        return super().enable_matplotlib("inline")

    def system(self, *_: Any, **__: Any) -> None:
        """Run no ``!command``; as where a program fails, the rest of the cell runs."""
        print("programs cannot be run while grading (a line with ! or a magic)", file=sys.stderr)
        self.user_ns["_exit_code"] = 127  # a shell's exit code for a command that is not found

    system_piped = system_raw = system

    def getoutput(self, *_: Any, **__: Any) -> SList:
        """Return no line of what a program would have printed."""
        self.system()
        return SList()

    def ask_exit(self) -> None:
        """Refuse ``exit()``, which would leave the rest of the notebook out."""
        raise RuntimeError("exit() is not available while grading")

    def should_run_async(
        self,
        raw_cell: str,
        *,
        transformed_cell: str | None = None,
        preprocessing_exc_tuple: Any = None,
    ) -> bool:
        """Compile a cell to find out only where it may have something to wait for."""
        text = transformed_cell or raw_cell
        return ("await" in text or "async" in text) and super().should_run_async(
            raw_cell,
            transformed_cell=transformed_cell,
            preprocessing_exc_tuple=preprocessing_exc_tuple,
        )

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Keep no traceback in a history that nobody reads: IPython's take 10 ms each."""
        return {}

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """Errors are reported from the result of `run_cell`."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """Errors are reported from the result of `run_cell`."""

    def run(self, source: str, text_bytes: int, image_bytes: int) -> list[dict[str, Any]]:
        """Run one cell and return its outputs."""
        self.outputs = Outputs(text_bytes, image_bytes)
        sys.stdout = Stream(self.outputs, "stdout")
        sys.stderr = Stream(self.outputs, "stderr")
        sys.stdin = io.StringIO()
        failure: BaseException | None
        try:
            result = self.run_cell(source, store_history=True)
            failure = result.error_before_exec or result.error_in_exec
        except BaseException as raised:
            failure = raised
        if failure is not None:
            self.outputs.error(failure)
        return self.outputs.plain()


def _no_input(*_: Any, **__: Any) -> str:
    raise RuntimeError("input() is not available: nobody is there to answer while grading")


WARM_CELLS = (
    "%matplotlib inline\nimport numpy as np\nimport matplotlib.pyplot as plt",
    "np.random.default_rng(1).standard_normal()",
    "figure, axes = plt.subplots()\naxes.plot([0, 1], label='a')\naxes.bar([0, 1], [1, 2])\n"
    "axes.imshow(np.eye(3))\naxes.set_title('$x$')\naxes.text(0, 0, 'b')\n"
    "axes.legend()\nplt.show()",
    "raise NotImplementedError('warm')",
    "1 +",
    "print(np.eye(3))\nnp.eye(3)",
)


def warm_shell() -> SandboxShell:
    """Make the shell that every child inherits, with all first-time costs paid."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.ast_node_interactivity = "last_expr"
    config.InteractiveShell.separate_in = ""
    shell = SandboxShell.instance(
        config=config,
        compiler_class=_Compiler,
        display_pub_class=_Publisher,
        displayhook_class=_Hook,
        colors="NoColor",
    )
    shell.input_transformer_manager = _Transformers(shell)
    streams: tuple[Any, ...] = (sys.stdin, sys.stdout, sys.stderr)
    for source in WARM_CELLS:
        shell.run(source, 1 << 20, 1 << 20)
    sys.stdin, sys.stdout, sys.stderr = streams
    shell.reset(new_session=True)
    shell.execution_count = 1
    return shell


def user_namespace(shell: SandboxShell) -> dict[str, Any]:
    """Return the notebook's names, with `input` made to refuse."""
    import builtins

    replacement: Callable[..., str] = _no_input
    builtins.input = replacement
    return shell.user_ns
