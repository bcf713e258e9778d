"""The table that says which stage a running function belongs to."""

from types import FrameType
from typing import Any, cast

import pytest

from benchmarks import sampler


class Code:
    """As a code object."""

    def __init__(self, file: str) -> None:
        self.co_filename = file


class Frame:
    """As a frame: its file, and who called it."""

    def __init__(self, file: str, back: Any) -> None:  # noqa: ANN401 - a frame or None
        self.f_code = Code(file)
        self.f_back = back


def stack(*files: str) -> FrameType | None:
    """A stack of calls, the outermost first."""
    frame: Frame | None = None
    for file in files:
        frame = Frame(file, frame)
    return cast(FrameType | None, frame)


@pytest.mark.parametrize(
    ("files", "stage"),
    [
        (["gateway/service/batch.py", "gateway/core/engine.py"], "decide"),
        (["gateway/core/engine.py", "/usr/lib/enum.py"], "decide"),
        (["gateway/service/publisher.py", "gateway/service/messages.py"], "messages"),
        (["gateway/offline_rights/native.py", "gateway/core/site.py"], sampler.LISTS),
        (["/usr/lib/asyncio/base_events.py"], "event loop"),
        (["/usr/lib/asyncio/base_events.py", "/usr/lib/selectors.py"], sampler.THREADS),
        (["/usr/lib/runpy.py"], sampler.OTHER),
        ([], sampler.OTHER),
    ],
)
def test_the_innermost_file_that_is_known_counts(files: list[str], stage: str) -> None:
    """A library counts for its caller."""
    assert sampler._stage(stack(*files)) == stage
