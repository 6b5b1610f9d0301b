"""The tester's side: what stands, in a test cell, for the objects of a student's process.

A class of the student's is a class here, so that `isinstance`, `except` and `type` say what they
would say; what is done with its instances is done there.  Operators and comparisons are passed on
only where the test cell is known to need them: otherwise an object that calls itself equal to
everything would be right everywhere.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.sandbox.inside.crossing import BUILTIN_TYPES, CannotCross
from autograder.sandbox.inside.peer import BUILTIN_ERRORS, Node, Peer, random_state

# What is asked of an object alone, or with an index: the answer is compared here.
ALONE = frozenset(
    f"__{name}__"
    for name in """
    call len iter next bool int float complex index str repr format neg pos abs invert round trunc
    floor ceil enter exit getitem setitem delitem reversed bytes fspath hash dir
    """.split()
)
# What changes no container: all else may give one another length.
READING = ALONE - {"__setitem__", "__delitem__", "__enter__", "__exit__"} | {
    *("repr", "str", "dir", "hash", "format")
}
ENDING = ("__next__", "send", "throw")  # what may end an iteration
# What hands a value of the tester's over to be compared or computed with, in families: where a
# right solution has one of a family, another right one may have its sibling.
ARITHMETIC = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and or xor".split()
FAMILY = {
    **{f"__{way}{name}__": name for name in ARITHMETIC for way in ("", "r", "i")},
    **dict.fromkeys(("__eq__", "__ne__"), "eq"),
    **dict.fromkeys(("__lt__", "__le__", "__gt__", "__ge__"), "order"),
    "__contains__": "contains",
}
# What libraries look for in any object, and what shows it in a notebook.
LOOKED_FOR = ("__array_", "_repr_", "_ipython_", "__dataframe", "__arrow", "_autograder")
LIBRARIES = frozenset(
    "numpy scipy pandas matplotlib sklearn sympy statsmodels networkx torch tensorflow xarray "
    "skimage seaborn PIL bokeh plotly".split()
)
INTERNAL = {
    kind.__name__: kind
    for kind in vars(types).values()
    if isinstance(kind, type) and kind.__module__ == "builtins"
}


# Modules whose classes say nothing of what an object of a subclass is.
OF_NO_LIBRARY = ("__main__", "abc", "enum", "typing", "dataclasses", "collections.abc")
# Modules that do something when they are imported.
NOT_IMPORTED = ("antigravity", "this", "idlelib", "test", "turtledemo", "lib2to3", "__main__")
# Methods by which plain values compare themselves with others.
OF_PLAIN_VALUES = frozenset(
    name
    for kind in (str, bytes, list, tuple, dict, set, int, float, np.ndarray)
    for name in dir(kind)
) | {"equals", "isin", "eq", "ne", "allclose", "isclose", "array_equal", "assert_equal"}
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)


class StandIn:
    """Stands for an object of the student's."""

    __slots__ = ()
    _autograder: Borrower  # of its class

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The class that `isinstance` is told beside the one that it has: a library's."""
        for kind in type(self).__mro__:
            real = vars(kind).get("_autograder_real")
            real = _known(*real) if type(real) is tuple else real
            if real is not None:
                return real
        return type(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith(LOOKED_FOR):
            raise AttributeError(name)
        return self._autograder.attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._autograder.ask("set", [self, value], name=name)

    def __delattr__(self, name: str) -> None:
        self._autograder.ask("delete", [self], name=name)

    def __repr__(self) -> str:
        return self._autograder.ask("function", [self], name="repr")

    def __str__(self) -> str:
        return self._autograder.ask("function", [self], name="str")

    def __format__(self, how: str) -> str:
        return self._autograder.ask("function", [self, how], name="format")

    def __dir__(self) -> list[str]:
        return self._autograder.ask("function", [self], name="dir")

    def __copy__(self) -> Any:
        return self._autograder.ask("function", [self], name="copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return self._autograder.ask("function", [self], name="deepcopy")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("an object of the student's process cannot be pickled")


class ErrorStandIn:
    """What an exception of the student's has besides what its builtin class gives it."""

    _autograder: Any
    _text: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith(LOOKED_FOR) or name == "_text":
            raise AttributeError(name)
        return self._autograder.attribute(self, name)

    def __str__(self) -> str:
        return self._text


class Remote(type):
    """The kind of the classes that stand for the student's."""

    _autograder: Any

    def __call__(cls, *values: Any, **keywords: Any) -> Any:
        if not cls._autograder.knows(cls):
            raise CannotCross("a class of the tests' cannot be derived from one of a student's")
        return cls._autograder.ask("call", [cls, *values], keywords)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith(LOOKED_FOR) or name == "__abstractmethods__":
            raise AttributeError(name)
        return type.__getattribute__(cls, "_autograder").ask("get", [cls], name=name)

    def __setattr__(cls, name: str, value: Any) -> None:
        cls._autograder.ask("set", [cls, value], name=name)

    def __delattr__(cls, name: str) -> None:
        cls._autograder.ask("delete", [cls], name=name)

    def __iter__(cls) -> Any:
        return cls._autograder.ask("special", [cls], name="__iter__")

    def __len__(cls) -> int:
        return cls._autograder.ask("special", [cls], name="__len__")

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, key: Any) -> Any:
        return cls._autograder.ask("special", [cls, key], name="__getitem__")

    def __contains__(cls, item: Any) -> bool:
        return any(item is one for one in cls)

    def __dir__(cls) -> list[str]:
        return cls._autograder.ask("function", [cls], name="dir")


class StudentModule(types.ModuleType):
    """A module whose state is the student's: one of their files, or what draws."""

    def __init__(self, name: str, peer: Borrower) -> None:
        super().__init__(name)
        self.__dict__["_peer"] = peer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__["_used"] = True
        return self._peer.ask("get", [self], name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            return super().__setattr__(name, value)
        return self._peer.ask("set", [self, value], name=name)


class Method:
    """What can be called of a student's object: asked for when it is called."""

    __slots__ = ("__name__", "__self__", "found")

    def __init__(self, owner: Any, name: str, found: Any = None) -> None:
        self.__self__, self.__name__, self.found = owner, name, found

    def __call__(self, *values: Any, **keywords: Any) -> Any:
        peer, name = self.__self__._autograder, self.__name__
        by_default = type(self.__self__) in peer.named or name not in OF_PLAIN_VALUES
        # What is given nothing of the tester's gives a value away, and judges none.
        if (values or keywords) and not peer.may(f".{name}()", by_default):
            raise AttributeError(
                f"{type(self.__self__).__name__!r} object: {name!r} is not called in a test"
            )
        if self.found is not None:
            return self.found(*values, **keywords)
        return peer.ask("method", [self.__self__, *values], keywords, name=name)

    def there(self) -> Any:
        """Return what stands for the method itself."""
        if self.found is None:
            peer = self.__self__._autograder
            self.found = peer.ask("get", [self.__self__], name=self.__name__)
        return self.found

    def __getattr__(self, name: str) -> Any:
        if name.startswith(LOOKED_FOR):
            raise AttributeError(name)
        return getattr(self.there(), name)

    def __eq__(self, other: Any) -> bool:
        if type(other) is Method:
            same = other.__self__ is self.__self__ and other.__name__ == self.__name__
            return same or self.there() is other.there()
        return self.there() is other

    def __hash__(self) -> int:
        return hash(self.there())


class Borrower(Peer):
    """Makes stand-ins for what the student's side lends, and lends it functions to call."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.classes: dict[int, type] = {}
        self.methods: dict[type, frozenset[str]] = {}
        self.there: dict[int, Any] = {}  # what stands for which number
        self.numbers_there: dict[int, int] = {}
        self.named: set[type] = set()  # classes that the test cell names
        self.needs: set[str] | None = None  # what it is known to need; None: nobody knows
        self.recorded: set[str] | None = None  # what it used, where that is to be noted
        self.sizes: dict[int, int] = {}  # how many entries a container of the student's has
        self.lent_now: set[int] = set()  # functions that this test cell lends
        self.heard = False  # whether the random numbers here are as the student's side left them

    # --- What may be passed on ----------------------------------------------------------------

    def may(self, need: str, by_default: bool) -> bool:
        """Tell whether an operation on a student's object is passed on."""
        if self.recorded is not None:
            self.recorded.add(need)
            return True
        return by_default if self.needs is None else need in self.needs

    def sized(self, owner: Any, length: Any) -> None:
        """Hold a container's length to the number of its entries, until something may change it.

        A test that looks at each of three entries must not have looked at none.
        """
        known = self.sizes.setdefault(id(owner), length)
        if known != length and not self.may("length", False):
            said = f"{type(owner).__name__!r} object: its length is not the number of its entries"
            raise TypeError(said)

    def ask(
        self,
        kind: str,
        values: Sequence[Any],
        keywords: dict[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """Ask the student's side; see `Peer.ask`."""
        name = more.get("name")
        if name not in READING or kind not in ("special", "function"):
            self.sizes.clear()
        try:
            return super().ask(kind, values, keywords, **more)
        except StopIteration:
            # Where a test calls a function within `map` or `zip`, it would end the test's loop.
            if name in ENDING or self.may("stops", False):
                raise
            raise RuntimeError("StopIteration was raised, and nothing was iterated over") from None

    # --- Random numbers -----------------------------------------------------------------------

    @property
    def takes_random(self) -> bool:
        """Whether the student's side may say what is drawn here: only where a test needs that."""
        return self.recorded is not None or "random" in (self.needs or ())

    def told(self, pack: Callable[[Any], Node]) -> dict[str, Any]:
        """Return what the student's side has to know before it goes on."""
        self.note_random()
        return super().told(pack)

    def hear(self, unpack: Callable[[Node], Any], message: dict[str, Any]) -> None:
        """Take in what the student's side told."""
        if "random" in message:
            self.heard = self.takes_random
        if not self.heard:
            message = {name: said for name, said in message.items() if name != "random"}
        super().hear(unpack, message)

    def note_random(self) -> None:
        """Note that a test draws on from where the student's side was, where that is the case."""
        if self.recorded is not None and self.heard and random_state() != self.random:
            self.recorded.add("random")

    def attribute(self, owner: Any, name: str) -> Any:
        """Return an attribute of an object."""
        if name in self.methods.get(type(owner), ()):
            return Method(owner, name)
        found = self.ask("get", [owner], name=name)
        guarded = isinstance(type(found), Remote) and not isinstance(owner, FUNCTIONS)
        return Method(owner, name, found) if guarded and callable(found) else found

    # --- Objects of the student's -------------------------------------------------------------

    def borrow(self, node: Node) -> Any:
        """Return what stands here for a student's object."""
        tag, *parts = node
        if tag == "mine":
            number, kind = parts
            if number in self.there:
                return self.there[number]
            made = self._instance(self.kind(kind))
            return self._keep(number, made)
        if tag == "class":
            return self.kind(node)
        if tag == "yours":
            return self.held(parts[0])
        if tag == "module":
            return self.module(*parts)
        raise CannotCross(f"nothing crosses as {tag!r}")

    def _keep(self, number: Any, made: Any) -> Any:
        if type(number) is not int:
            raise CannotCross("not the number of an object")
        self.there[number] = made
        self.numbers_there[id(made)] = number
        return made

    def _instance(self, kind: type) -> Any:
        if isinstance(kind, Remote):
            return _made(kind)
        return kind()  # an exception of a class that both sides have

    def module(self, name: Any, number: Any) -> Any:
        """Return a module of that name, imported here."""
        if type(name) is not str or not all(part.isidentifier() for part in name.split(".")):
            raise CannotCross("not the name of a module")
        first = name.partition(".")[0]
        standard = first in sys.stdlib_module_names and first not in NOT_IMPORTED
        known = name in sys.modules or standard or first in LIBRARIES
        if not known:
            if number not in self.there:
                self._keep(number, StudentModule(name, self))
            return self.there[number]
        return importlib.import_module(name)

    def kind(self, node: Node) -> type:
        """Return what stands for a class, made where it is new."""
        if type(node) is tuple and node[0] == "type":
            return BUILTIN_TYPES[node[1]]
        if type(node) is not tuple or node[0] != "class" or type(node[1]) is not int:
            raise CannotCross("not a class")
        _, number, *told = node
        if number in self.classes:
            return self.classes[number]
        said = told[0]
        made = BUILTIN_ERRORS[said["error"]] if "error" in said else self._class(said)
        self.classes[number] = made
        return self._keep(number, made)

    def _class(self, said: dict[str, Any]) -> type:
        bases = [self.kind(node) for node in said["bases"]]
        module, name = str(said["module"]), str(said["qualname"])
        above: list[type] = [base for base in bases if isinstance(base, Remote)]
        errors = [base for base in bases if issubclass(base, BaseException)]
        body: dict[str, Any] = {
            "__module__": module,
            "__qualname__": name,
            "__doc__": str(said["doc"]) or None,
        }
        if not errors:
            body["__slots__"] = ()
            body["_autograder_real"] = (module, name)
            if module == "builtins":
                body["_autograder_real"] = INTERNAL.get(name)
            elif module in OF_NO_LIBRARY:
                body["_autograder_real"] = next(
                    (x for x in bases if not isinstance(x, Remote)), None
                )
            body.update(self._specials(said))
        elif any(issubclass(base, ErrorStandIn) for base in errors):
            above = errors
        else:
            above = [ErrorStandIn, *errors]
        made = type.__new__(Remote, str(said["name"]), tuple(above or [StandIn]), body)
        type.__setattr__(made, "_autograder", self)
        self.methods[made] = frozenset(map(str, said["methods"]))
        return made

    def _specials(self, said: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for name in said["specials"]:
            if name in said["none"]:
                body[name] = None
            elif name == "__array__":
                body[name] = _array
            elif name in FAMILY:
                body[name] = _guarded(str(name), FAMILY[name])
            elif name in ALONE and name not in vars(StandIn):
                body[name] = _passed_on(str(name))
        if "__len__" in body and body.keys() & {"__iter__", "__getitem__"}:
            iterates = body["_autograder_iterates"] = "__iter__" in body
            body["__len__"] = body["__len__"] and _length
            if not iterates or body["__iter__"]:
                body["__iter__"] = _entries
        return body

    # --- Objects of the tester's --------------------------------------------------------------

    def knows(self, value: Any) -> bool:
        """Tell whether a value stands for one of the student's."""
        number = self.numbers_there.get(id(value))
        return number is not None and self.there[number] is value

    def lend(self, value: Any) -> Node:
        """Return what the student's side gets for a function: a number that it can call."""
        kind = type(value)
        if self.knows(value):
            return ("yours", self.numbers_there[id(value)])
        if kind is Method:
            return self.lend(value.there())
        if issubclass(kind, types.ModuleType):
            return ("module", value.__name__)
        if isinstance(value, BaseException) and kind in BUILTIN_ERRORS.values():
            return ("error", kind.__name__, str(value))
        if isinstance(value, types.TracebackType):
            return None
        library = _in_library(value)
        if library is not None:
            return ("library", *library)
        if callable(value):
            number = self.number(value)
            self.lent_now.add(number)
            return ("call", number, str(getattr(value, "__name__", "function"))[:80])
        raise CannotCross(
            f"a {kind.__name__} of the tests' cannot be given to a student's function"
        )

    def do(self, question: dict[str, Any], values: list[Any], keywords: dict[str, Any]) -> Any:
        """Call a function that was lent; nothing else can be done with it."""
        if question["ask"] != "call":
            raise CannotCross("a function of the tests' can be called, and nothing else")
        function, *given = values
        number = self.numbers.get(id(function))
        if number is None:
            raise CannotCross("no such function")
        if number not in self.lent_now and not self.may("earlier functions", False):
            raise RuntimeError("a function of a test that has ended is not called again")
        return function(*given, **keywords)

    # --- Exceptions ---------------------------------------------------------------------------

    def raised(self, pack: Callable[[Any], Node], failure: BaseException) -> Node:
        """Return the nearest builtin class of an exception and its text, or the student's own."""
        number = self.numbers_there.get(id(failure))
        names = (kind.__name__ for kind in type(failure).__mro__ if kind in BUILTIN_ERRORS.values())
        plain = all(type(one) in (str, int, float, bool, type(None)) for one in failure.args)
        arguments = list(failure.args) if plain else [str(failure)]
        return [next(names, "Exception"), arguments, number]

    def failure(self, unpack: Callable[[Node], Any], node: Node) -> BaseException:
        """Return an exception as it was raised in the student's process."""
        kind_node, arguments, text, number = node
        kind, values = self.kind(kind_node), unpack(arguments)
        if type(values) is not tuple or type(text) is not str:
            raise CannotCross("not an exception")
        if not issubclass(kind, BaseException):
            raise CannotCross("no exception is raised")
        made: Any
        if number in self.there:
            return self.there[number]
        if isinstance(kind, Remote):
            made = _made(kind)
            made.args, made._text = values, text
        else:
            try:
                made = kind(*values)
            except Exception:
                made = RuntimeError(f"{kind.__name__}: {text}")
        return self._keep(number, made)


def _made(kind: Any) -> Any:
    return kind.__new__(kind)


def _known(module: str, name: str) -> type | None:
    """Return a class of a library that is imported here; what a student names is not imported."""
    try:
        found = functools.reduce(getattr, name.split("."), sys.modules[module])
    except (KeyError, AttributeError):
        return None
    return found if isinstance(found, type) else None


def _in_library(value: Any) -> tuple[str, str] | None:
    """Return module and name by which the student's side finds a function of a library's too."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    module = "numpy" if isinstance(value, np.ufunc) else getattr(value, "__module__", None)
    if type(module) is not str or type(name) is not str:
        return None
    if module == "__main__" or module.startswith("autograder"):
        return None
    try:
        found = functools.reduce(getattr, name.split("."), sys.modules[module])
    except (KeyError, AttributeError):
        return None
    return (module, name) if found is value else None


def _passed_on(name: str) -> Callable[..., Any]:
    def special(self: Any, *values: Any, **keywords: Any) -> Any:
        return self._autograder.ask("special", [self, *values], keywords, name=name)

    special.__name__ = name
    return special


def _guarded(name: str, family: str) -> Callable[..., Any]:
    def special(self: Any, other: Any, *more: Any) -> Any:
        peer = self._autograder
        theirs = isinstance(type(other), Remote)
        by_default = theirs or type(self) in peer.named
        if not peer.may(f"{family} {'own' if theirs else 'given'}", by_default):
            if name == "__contains__":
                return any(other is item or other == item for item in iter(self))
            return NotImplemented
        return peer.ask("special", [self, other, *more], name=name)

    special.__name__ = name
    return special


def _array(self: Any, dtype: Any = None, copy: Any = None) -> np.ndarray:
    found = self._autograder.ask("special", [self], name="__array__")
    if type(found) is not np.ndarray:  # NumPy would ask what stands for it, without end
        raise TypeError(f"{type(self).__name__!r} object: its __array__ gives no plain array")
    return np.asarray(found, dtype)


def _entries(self: Any) -> Iterator[Any]:
    """Yield what a container holds, and hold their number to its length."""
    number = 0
    for item in _items(self):
        number += 1
        yield item
    self._autograder.sized(self, number)


def _items(self: Any) -> Iterator[Any]:
    peer, number = self._autograder, 0
    if type(self)._autograder_iterates:
        yield from peer.ask("special", [self], name="__iter__")
        return
    with contextlib.suppress(IndexError):
        while True:
            yield peer.ask("special", [self, number], name="__getitem__")
            number += 1


def _length(self: Any) -> int:
    length = self._autograder.ask("special", [self], name="__len__")
    self._autograder.sized(self, length)
    return length
