"""What other programs and older files rely on, frozen as text: tests/golden holds how it is.

The wire and the API are docs/asyncapi.json and docs/openapi.json, which have tests of their own.
After a change that is meant: `.venv/bin/python -m tests.golden_files`, and look at the difference.
"""

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec.inspect as described
from immutables import Map

from gateway.adapters.accounts.store import FILE as ACCOUNTS_FILE
from gateway.adapters.accounts.store import AccountStore
from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditLog
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.writer import JournalWriter
from gateway.core.events import Event
from gateway.core.facts import Fact
from gateway.core.state import State

FOLDER: Final = Path(__file__).with_name("golden")


def rows() -> str:
    """Return the shape of the journal's rows, and of the engine's state in a snapshot."""
    shapes = {name: _shape(described.type_info(kind)) for name, kind in _KEPT.items()}
    return json.dumps(shapes, indent=1, sort_keys=True) + "\n"


def stores() -> str:
    """Return the tables of every file in the data folder."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        for make in (_journal, _members, _accounts, _audit):
            make(data)
        return "".join(_tables(data))


FILES: Final[Mapping[str, Callable[[], str]]] = {"rows.json": rows, "stores.sql": stores}


_KEPT: Final[Mapping[str, Any]] = {"event": Event, "fact": Fact, "state": State}


def _shape(kind: described.Type) -> Any:  # noqa: ANN401, PLR0911 - JSON; a dispatch
    """Describe a type by what is on disk: tags, fields and types, no name of a class."""
    match kind:
        case described.StructType():
            fields = {field.encode_name: _shape(field.type) for field in kind.fields}
            return {f"{kind.tag_field}={kind.tag}": fields} if kind.tag else fields
        case described.UnionType():
            return sorted((_shape(each) for each in kind.types), key=str)
        case described.LiteralType():
            return sorted(map(str, kind.values))
        case described.VarTupleType():
            return {"several": _shape(kind.item_type)}
        case described.TupleType():
            return {"each": [_shape(each) for each in kind.item_types]}
        case described.DictType():
            return {"by": _shape(kind.key_type), "each": _shape(kind.value_type)}
        case described.CustomType() if get_origin(kind.cls) is Map or kind.cls is Map:
            return {"map": [str(each) for each in get_args(kind.cls)]}
    return type(kind).__name__.removesuffix("Type").lower()


def _journal(data: Path) -> None:
    writer = JournalWriter(data / JOURNAL_FILE)
    writer.open()
    writer.close()


def _members(data: Path) -> None:
    DirectoryStore(data / MEMBERS_FILE).close()


def _accounts(data: Path) -> None:
    AccountStore(data / ACCOUNTS_FILE).close()


def _audit(data: Path) -> None:
    AuditLog(data / AUDIT_FILE).close()


def _tables(data: Path) -> Iterator[str]:
    for file in sorted(data.glob("*.db")):
        with closing(sqlite3.connect(file)) as db:
            found = db.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name")
            yield f"-- {file.name}\n" + "".join(f"{sql};\n" for (sql,) in found) + "\n"


def dump_folder(data: Path, folder: Path) -> None:
    """Write a data folder as text: `restore_folder` makes it again."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(data.glob("*.db")):
        with closing(sqlite3.connect(file)) as db:
            text = "\n".join(db.iterdump()) + f"\nPRAGMA user_version = {_version(db)};\n"
        (folder / f"{file.stem}.sql").write_text(text, encoding="utf-8")
    (folder / "credential-key.txt").write_text(
        (data / "credential.key").read_text("utf-8"), "utf-8"
    )
    for file in (data / "space").glob("*.toml"):
        (folder / file.name).write_text(file.read_text("utf-8"), encoding="utf-8")


def restore_folder(folder: Path, data: Path) -> Path:
    """Make the data folder that was dumped; return its space file."""
    for file in folder.glob("*.sql"):
        with closing(sqlite3.connect(data / f"{file.stem}.db")) as db:
            db.executescript(file.read_text("utf-8"))
    key = data / "credential.key"
    key.touch(mode=0o600)
    key.write_text((folder / "credential-key.txt").read_text("utf-8"), encoding="utf-8")
    (space,) = folder.glob("*.toml")
    return space


def _version(db: sqlite3.Connection) -> int:
    ((version,),) = db.execute("PRAGMA user_version")
    return int(version)


if __name__ == "__main__":
    for name, written in FILES.items():
        (FOLDER / name).write_text(written(), encoding="utf-8")
