"""Refuse what must never be in the repository: logs, databases, keys and set-up links.

`scripts/check` calls it. It looks at what git tracks, by name and by content: a log may hold a
set-up link, which is the first administrator's account, a database people's passages.

    scripts/refuse_tracked.py [ROOT]
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

NAMES: Final = {
    "a log": re.compile(r"\.log(\.\d+)?(\.gz)?$|(^|/)nohup\.out$"),
    "a database": re.compile(r"\.(db|sqlite3?)(-wal|-shm|-journal)?$"),
    "a key": re.compile(r"\.(pem|key|p12|pfx)$|(^|/)id_(rsa|ecdsa|ed25519)$"),
}
CONTENTS: Final = {
    "a database": re.compile(rb"\ASQLite format 3\0"),
    "a key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a set-up link": re.compile(rb"/set-up/[\w-]{40,}"),
}


def tracked(root: Path) -> list[Path]:
    """Every file that git knows below this folder and that is there, relative to it."""
    listed = subprocess.run(  # noqa: S603 - a fixed command
        # An automatic build's folder may belong to somebody else; reading names is safe.
        ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z"],  # noqa: S607
        stdout=subprocess.PIPE,
        check=True,
    )
    paths = (Path(name) for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if (root / path).is_file()]


def faults(root: Path) -> list[str]:
    """What must not be tracked, each with its path and what it is."""
    found = []
    for path in tracked(root):
        content = (root / path).read_bytes()
        what = {what for what, name in NAMES.items() if name.search(path.as_posix())}
        what |= {what for what, sign in CONTENTS.items() if sign.search(content)}
        found += [f"{path}: is {each}; git rm --cached it" for each in sorted(what)]
    return found


def main() -> int:
    """Say every fault; 1 where there is one."""
    root = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[1]
    if not (root / ".git").exists():
        print("check: this is no git repository; nothing is tracked here")
        return 0
    found = faults(root)
    for fault in found:
        print(f"check: {fault}", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
