"""Import 10^6 contact rows, 1% of them bad, through the ordinary import; and read 10^7 event rows back through the facts that tools use.

python -m bench.import_contacts [rows] [event rows]
"""

from __future__ import annotations

import csv
import os
import random
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grounding.evidence import Locale
from store.facts import open_facts
from store.importing.importing import import_file
from store.importing.tables import import_table

HEADER = (
    "contact_id", "email", "first_name", "last_name", "phone", "account_id", "job_title", "city", "country", "stage", "source",
    "created_at", "email_consent", "consent_at",
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """A client of the bench's own."""

    id: str = "cl_bench"
    slug: str = "bench"
    locale: Locale = field(default_factory=Locale)


def write_contacts(path: Path, rows: int, *, changed: int = 0) -> int:
    """Simulated contacts, one row in a hundred bad; the first `changed` with another city. Gives how many are bad."""
    rng, bad = random.Random(1), 0
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER)
        for number in range(rows):
            wrong = rng.random() < 0.01
            bad += wrong
            month, day, hour, minute = number % 12 + 1, number % 28 + 1, number % 24, number % 60
            created = "soon" if wrong else f"2026-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:00"
            writer.writerow((
                f"c_{number}", f"person{number}@mail.example", "Ann", "Naidoo", f"+27 82 {number % 1000:03d} {number % 10000:04d}",
                f"a_{number % 5000}", "owner", "Durban" if number < changed else "Cape Town", "ZA", "Lead", "Google Ads", created,
                "yes" if number % 2 else "no", f"{day:02d}/{month:02d}/2026",
            ))  # fmt: skip
    return bad


def import_contacts(rows: int) -> None:
    """Print how long imports take, and the memory they need."""
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as place:
        root, path = Path(place) / "facts", Path(place) / "contacts.csv"
        bad = write_contacts(path, rows)
        print(f"{rows:,} contact rows, {path.stat().st_size / 1e6:.0f} MB, {bad:,} of them bad; {os.cpu_count()} cores")
        began = time.perf_counter()
        report = import_file(root, "ws_bench", Bench(), path)
        took = time.perf_counter() - began
        assert (report.rows_kept, report.rows_rejected) == (rows - bad, bad)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  first import      {took:6.2f} s   peak {peak:,.0f} MiB   (limit 15 s at 10^6 rows on 2 cores)")
        write_contacts(path, rows, changed=rows // 10)
        began = time.perf_counter()
        report = import_file(root, "ws_bench", Bench(), path)
        print(
            f"  again, 10% changed {time.perf_counter() - began:5.2f} s   {report.rows_changed:,} changed, {report.duplicates:,} unchanged"
        )
        began = time.perf_counter()
        assert import_file(root, "ws_bench", Bench(), path).already_imported
        print(f"  the same file again {time.perf_counter() - began:4.2f} s")


def summarise_events(rows: int) -> None:
    """Print how long the engine needs to count events by channel, kind and day."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as place:
        seconds = rng.integers(1_735_689_600, 1_782_000_000, rows)
        table = pa.table({
            "event_id": pa.array(np.char.add("e", np.arange(rows).astype(str))),
            "contact_id": pa.array(np.char.add("c", rng.integers(0, rows // 20, rows).astype(str))),
            "name": pa.array(np.array(["visit", "signup", "booking"])[rng.integers(0, 3, rows)]),
            "channel": pa.array(np.array(["google_ads", "meta", "email"])[rng.integers(0, 3, rows)]),
            "at": pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC")),
        })  # fmt: skip
        began = time.perf_counter()
        import_table(place, "ws_bench", Bench(), "events", table)
        print(f"{rows:,} event rows, typed: imported in {time.perf_counter() - began:.2f} s")
        del table
        for exact in (False, True):
            with open_facts(place, "ws_bench", Bench(), as_of=datetime.now(UTC).date()) as facts:
                events = facts.table("events")
                by = events.group_by("channel", "name", day=events.at.truncate("D")).aggregate(rows=events.count())
                people = events.filter(events.at >= datetime(2026, 1, 1, tzinfo=UTC)).group_by("channel").aggregate(
                    people=events.contact_id.nunique(), last=events.at.max()
                )  # fmt: skip
                for label, query in (("counts by channel, kind and day", by), ("distinct people by channel", people)):
                    began = time.perf_counter()
                    found = facts.fetch(query, exact=exact)
                    seconds, how = time.perf_counter() - began, "every processor, exact" if exact else "one thread"
                    print(f"  {label:<34} {how:<24} {seconds:6.2f} s   {found.num_rows} groups   (limit 1 s)")


if __name__ == "__main__":
    given = [int(float(argument)) for argument in sys.argv[1:]]
    import_contacts(given[0] if given else 1_000_000)
    summarise_events(given[1] if len(given) > 1 else 10_000_000)
