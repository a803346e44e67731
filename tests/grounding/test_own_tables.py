"""A tool's own table under a section: its rows hold to the letter, an altered row does not."""

from datetime import UTC, datetime

import pytest

from grounding.evidence import Evidence, Locale
from grounding.slots import table_markdown
from grounding.verify import verify

LOCALE = Locale(language="en-US", currency="USD")
TABLE = {
    "title": "Forecast",
    "columns": [{"name": "week", "label": "week", "unit": "count"}, {"name": "expected", "label": "expected bookings", "unit": "count"}],
    "rows": [[1, 167], [2, 158.4], [3, 152]],
}
RECORD = Evidence(
    id="ev_table",
    alias="E1",
    tool="forecast_campaign",
    version=1,
    request={},
    result={"figures": [], "findings": [], "caveats": [], "table": TABLE},
    created_at=datetime(2026, 10, 31, tzinfo=UTC),
)


def read(text: str):
    return verify(f"## Forecast\n\n{text}\n", [RECORD], locale=LOCALE)


def test_rows_of_the_tools_own_table_are_verified():
    verdict = read(table_markdown(RECORD, LOCALE))
    assert verdict.ok
    assert [numeral.verdict for numeral in verdict.numerals] == ["VERIFIED"] * 6


@pytest.mark.parametrize(("was", "now"), [("167", "176"), ("| 2 |", "| 4 |"), ("152 |", "152% |")])
def test_an_altered_row_is_not(was, now):
    text = table_markdown(RECORD, LOCALE)
    assert was in text
    assert not read(text.replace(was, now)).ok


def test_a_row_in_prose_is_no_row():
    assert not read("The plan brings 167 bookings.").ok
