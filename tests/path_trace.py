"""Records which of our modules a path passes, in the order in which it enters them.

A path *passes* a module when it goes on from there: one of the module's functions calls one of
another module of ours, between the first and the last step. A module that only answers (a clock, a
topic's name, a property of a value) is *asked*. Types, tables and constants that are only read do
not count, nor do imports, sentences in two languages (`gateway.phrase`, `gateway.translation`), nor
a lambda with which the composition root connects two parts.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from types import CodeType, FrameType
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[1]
OURS: Final = ("gateway", "sensors")
WORDS: Final = ("gateway.phrase", "gateway.translation")

Step = Callable[[str, FrameType], bool]
"""Tells whether a call, `module:function` and its frame, is the first or the last step."""


class PathTrace:
    """A path from the call that `begins` it until each of `ends` was seen.

    It sees the thread that enters it, and all threads that start meanwhile. Tasks and threads
    whose names begin with one of `beside` run by chance at that time, and are no part of the path.
    """

    def __init__(self, begins: Step, *ends: Step, beside: Collection[str] = ()) -> None:
        self._begins = begins
        self._all_ends = ends
        self._beside = tuple(beside)
        self.restart()
        self._known: dict[CodeType, tuple[str, str] | None] = {}

    def restart(self) -> None:
        """Forget what was traced, and wait for the first step again."""
        self.functions: dict[str, list[str]] = {}
        """The functions of each module, both in the order of their first call."""
        self._ends = list(self._all_ends)
        self._has_begun = False
        self._callers: set[str] = set()
        self._last: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether every end was reached."""
        return not self._ends

    @property
    def passed(self) -> list[str]:
        """The modules from which the path goes on, and those in which it ends."""
        return [name for name in self.functions if name in self._callers | self._last]

    @property
    def asked(self) -> list[str]:
        """The modules that only answer."""
        passed = self.passed
        return [name for name in self.functions if name not in passed]

    def __enter__(self) -> Self:
        threading.setprofile(self._on_call)
        sys.setprofile(self._on_call)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def __str__(self) -> str:
        lines = [
            f"{name}: {', '.join(self.functions[name])}" for name in (*self.passed, *self.asked)
        ]
        return "\n".join(f"{n:3} {line}" for n, line in enumerate(lines, 1))

    def _on_call(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or self.is_over:
            return
        found = self._function(frame.f_code)
        if found is None:
            return
        called = ":".join(found)
        self._has_begun = self._has_begun or self._begins(called, frame)
        if not self._has_begun or _running().startswith(self._beside):
            return
        module, function = found
        functions = self.functions.setdefault(module, [])
        if function not in functions:
            functions.append(function)
        caller = self._caller(frame)
        if caller is not None and caller != module:
            self._callers.add(caller)
        reached = [end for end in self._ends if end(called, frame)]
        if reached:
            self._ends = [end for end in self._ends if end not in reached]
            self._last.add(module)

    def _caller(self, frame: FrameType) -> str | None:
        """The module of ours from which this call came, also by way of a library."""
        back = frame.f_back
        while back is not None:
            found = self._function(back.f_code)
            if found is not None:
                return found[0]
            back = back.f_back
        return None

    def _function(self, code: CodeType) -> tuple[str, str] | None:
        """The module and the name of a function of ours; None: it is another's, or an import."""
        if code not in self._known:
            self._known[code] = _named(code)
        return self._known[code]


def _running() -> str:
    """The name of the task that runs, or of a thread that is not the loop's."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return threading.current_thread().name
    return task.get_name() if task is not None else ""


def _named(code: CodeType) -> tuple[str, str] | None:
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT) or code.co_name in ("<module>", "<lambda>"):
        return None
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] not in OURS:
        return None
    name = code.co_qualname.replace(".<locals>", "")
    module = ".".join(part for part in parts if part != "__init__")
    return None if module in WORDS else (module, name)
