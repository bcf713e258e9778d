"""The demo's own log."""

import subprocess
import sys
from pathlib import Path

LAST_OF_ALL = """
import logging, shutil, sys
from pathlib import Path
from gateway.cli.demo import log_into

folder = Path(sys.argv[1])
log_into(folder / "demo.log")
logging.info("begun")
print((folder / "demo.log").read_text())
shutil.rmtree(folder)
logging.shutdown()
logging.error("Future exception was never retrieved")
"""


def test_what_is_said_after_the_folder_has_gone_is_no_fault(tmp_path: Path) -> None:
    """A future that a library forgot is told of at the very end, when the log is closed."""
    folder = tmp_path / "logs"
    folder.mkdir()
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", LAST_OF_ALL, str(folder)], capture_output=True, text=True, check=True
    )
    assert "INFO begun" in ended.stdout
    assert ended.stderr == ""
