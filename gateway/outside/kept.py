"""Small files that are whole or as they were: what must outlive a restart of the console."""

import os
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Replace a file at once (blocking); a power cut leaves the old or the new one.

    Raises:
        OSError: It cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
