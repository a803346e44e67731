"""Verify a draft of 3 000 words against the evidence of a whole run; the limit is 100 ms of one core.

The draft is what a reader wrote behind the model bridge on simulated data. First: the evidence is indexed too; again: as after a repair,
when the same records are read once more. Time is the processor's, the least of several runs.
Run: python -m bench.verify
"""

from __future__ import annotations

import time

from grounding.verify import verify
from tests.grounding.freely_written import AS_OF, drafts, records
from tests.grounding.mutations import without_links

LIMIT = 0.1
WORDS = 3000
RUNS = 15


def main() -> None:
    """Print the least of both, with links and without."""
    written = [draft for draft in drafts() if draft.client == "salon"]
    evidence, locale = list(records("salon")), written[0].locale
    figures = sum(len(record.figures) for record in evidence)
    texts, length = [], 0
    while length < WORDS:
        texts.append(written[len(texts) % len(written)].rendered())
        length += len(texts[-1].split())
    linked = "\n\n".join(texts)
    for name, text in (("linked", linked), ("plain", without_links(linked))):
        times: dict[str, list[float]] = {"first": [], "again": []}
        verify(text, evidence, locale=locale, as_of=AS_OF)
        for _ in range(RUNS):
            fresh = [record.model_copy() for record in evidence]
            for kind in times:
                begun = time.process_time()
                verdict = verify(text, fresh, locale=locale, as_of=AS_OF)
                times[kind].append(time.process_time() - begun)
        shown = ", ".join(f"{kind} {min(spent) * 1000:.0f} ms" for kind, spent in times.items())
        print(f"verify {length} words, {len(verdict.numerals)} numerals, {figures} figures, {name}: {shown} (limit {LIMIT * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
