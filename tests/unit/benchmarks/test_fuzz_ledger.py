"""The fuzz's ledger counts dead letters that the journal keeps no more."""

import sqlite3
from contextlib import closing

from benchmarks.fuzz_ledger import Books
from benchmarks.fuzz_place import fuzz_place


def test_letters_that_were_trimmed_are_counted() -> None:
    """A million messages make more than the newest 200,000 that the journal keeps."""
    books = Books(fuzz_place())
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT)")

        def buried(*topics: str) -> None:
            db.executemany("INSERT INTO dead_letter (topic) VALUES (?)", [(one,) for one in topics])
            books.count_letters(lambda sql: db.execute(sql).fetchall())

        buried("a", "a", "b")
        db.execute("DELETE FROM dead_letter WHERE id < 3")
        buried("a", "c")
        buried()
    assert books.letters == {"a": 3, "b": 1, "c": 1}
