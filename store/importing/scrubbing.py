"""Remove a person's rows from reject files."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

from store.importing.trace import REJECTS
from store.person import Person


def scrub_rejects(folder: Path, who: Person) -> int:
    """Rewrite each reject file without the rows that mention the person; gives how many rows went.

    A short id is looked for too: a row of someone else that holds it as another number is no loss here.
    """
    pattern = re.compile(who.mention(short=True))
    removed = 0
    for file in sorted((folder / REJECTS).glob("*.csv")):
        kept = file.with_suffix(".scrubbed")
        gone = 0
        with file.open(newline="", encoding="utf-8") as source, kept.open("w", newline="", encoding="utf-8") as target:
            writer = csv.writer(target)
            for row in csv.reader(source):
                if any(pattern.search(cell) for cell in row):
                    gone += 1
                else:
                    writer.writerow(row)
        if gone:
            os.replace(kept, file)
        else:
            kept.unlink()
        removed += gone
    return removed
