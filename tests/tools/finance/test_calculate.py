"""The calculator gives the right figure with the right unit, and refuses what has no meaning."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from tools.contract import ToolInputError
from tools.registry import load


def money(value: int, name: str = "spend", currency: str = "ZAR", **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": "money", "currency": currency, **more}


def of(unit: str, value: float, name: str = "thing", **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, **more}


def run(operation: str, *operands: dict[str, Any], **more: Any) -> Any:
    declared = load("calculate")
    return declared(declared.request.model_validate({"operation": operation, "operands": operands, **more}))


@pytest.mark.parametrize(
    ("operation", "operands", "value", "unit", "currency", "denominator"),
    [
        ("sum", [money(100), money(250)], 350, "money", "ZAR", None),
        ("sum", [of("share", 0.1), of("share", 0.2)], 0.3, "share", None, None),
        ("sum", [money(100, denominator="week"), money(50, denominator="weeks")], 150, "money", "ZAR", "week"),
        ("difference", [of("share", 0.12), of("share", 0.1)], 0.02, "points", None, None),
        ("delta", [of("share", 0.1), of("share", 0.12)], 0.02, "points", None, None),
        ("difference", [money(100), money(250)], -150, "money", "ZAR", None),
        ("delta", [money(100), money(250)], 150, "money", "ZAR", None),
        ("share", [money(250, "search"), money(1000, "total")], 0.25, "share", None, "total"),
        ("share", [of("count", 30, "bookings"), of("count", 120, "clicks")], 0.25, "share", None, "clicks"),
        ("ratio", [money(1500000), of("count", 84, "bookings")], 17857, "money", "ZAR", "bookings"),
        ("ratio", [money(320, "revenue"), money(100, "spend")], 3.2, "multiple", None, None),
        ("ratio", [money(3000), of("weeks", 4, "time")], 750, "money", "ZAR", "week"),
        ("ratio", [of("count", 90, "visits"), of("count", 30, "customers")], 3, "number", None, "customers"),
        ("ratio", [money(1500, "budget"), money(100, "cost per click", denominator="click")], 15, "count", None, None),
        ("ratio", [of("share", 0.3), of("share", 0.2)], 1.5, "multiple", None, None),
        ("growth", [money(200, "March"), money(250, "April")], 0.25, "share", None, "March"),
        ("growth", [of("count", 200), of("count", 150)], -0.25, "share", None, "thing"),
        ("product", [money(200, "price"), of("count", 3, "orders")], 600, "money", "ZAR", None),
        ("product", [of("count", 3, "orders"), money(200, "price")], 600, "money", "ZAR", None),
        ("product", [of("count", 1000, "clicks"), of("share", 0.025)], 25, "count", None, None),
        ("product", [of("share", 0.5), of("share", 0.5)], 0.25, "share", None, None),
        ("product", [money(101), of("multiple", 1.5)], 152, "money", "ZAR", None),
        ("product", [money(500, "cost per click", denominator="clicks"), of("count", 12, "Clicks")], 6000, "money", "ZAR", None),
        ("product", [of("weeks", 4, "length"), money(500, "budget", denominator="week")], 2000, "money", "ZAR", None),
        ("product", [of("count", 1000, "visitors"), of("share", 0.05), money(2000, "price")], 100000, "money", "ZAR", None),
    ],
)
def test_each_operation_gives_its_unit(operation, operands, value, unit, currency, denominator):
    figure = run(operation, *operands).figures[0]
    assert figure.value == pytest.approx(value, rel=1e-15)
    assert (figure.unit, figure.currency, figure.denominator) == (unit, currency, denominator)
    assert isinstance(figure.value, int) or figure.unit != "money"


def test_decimals_are_read_as_written():
    assert run("sum", of("number", 0.1), of("number", 0.2)).figures[0].value == 0.3
    assert run("product", money(10), of("share", 0.35)).figures[0].value == 4, "half to even: 3.5 is 4"
    assert run("product", money(10), of("share", 0.45)).figures[0].value == 4, "half to even: 4.5 is 4"


@pytest.mark.parametrize(
    ("operation", "operands", "field"),
    [
        ("sum", [money(1), money(1, currency="USD")], "operands.1.currency"),
        ("ratio", [money(1), money(1, currency="USD")], "operands.1.currency"),
        ("growth", [money(1), money(1, currency="USD")], "operands.1.currency"),
        ("ratio", [money(1), money(1, currency="USD", denominator="click")], "operands.1.currency"),
        ("sum", [money(1), of("count", 1)], "operands.1.unit"),
        ("sum", [of("multiple", 1.2), of("multiple", 1.5)], "operands.0.unit"),
        ("sum", [of("share", 0.7), of("share", 0.7)], "operands"),
        ("sum", [money(1, denominator="click"), money(1, denominator="week")], "operands.1.denominator"),
        ("difference", [money(1), money(1, denominator="week")], "operands.1.denominator"),
        ("ratio", [money(1), of("count", 0)], "operands"),
        ("share", [money(1), money(0)], "operands"),
        ("share", [money(3), money(2)], "operands.0.value"),
        ("share", [of("share", 0.1), of("share", 0.2)], "operands.0.unit"),
        ("growth", [money(0), money(2)], "operands"),
        ("growth", [money(-5), money(2)], "operands.0.value"),
        ("ratio", [of("count", 5), money(2)], "operands.1.unit"),
        ("product", [money(2), money(2)], "operands.1.unit"),
        ("product", [money(2, denominator="week"), of("count", 2, "clicks")], "operands.1.name"),
        ("difference", [money(2), money(1), money(1)], "operands"),
    ],
)
def test_what_has_no_meaning_is_refused(operation, operands, field):
    with pytest.raises(ToolInputError) as refusal:
        run(operation, *operands)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "operand",
    [
        money(1, currency=None),
        {"name": "x", "value": 1.5, "unit": "money", "currency": "ZAR"},
        of("count", 1, currency="ZAR"),
        of("date", 1),
    ],
)
def test_an_operand_with_a_wrong_unit_or_currency_does_not_validate(operand):
    with pytest.raises(ValidationError):
        run("sum", operand, operand)


def test_the_result_stands_on_the_weakest_basis():
    assert run("sum", money(1, basis="observed"), money(1, basis="assumed")).figures[0].basis == "assumed"
    assert run("sum", money(1, basis="observed"), money(1, basis="observed")).figures[0].basis == "observed"


def test_figures_of_different_periods_are_flagged_and_of_one_period_keep_it():
    january, march = "2026-01-01/2026-01-31", "2026-03-01/2026-03-31"
    mixed = run("sum", money(1, period=january), money(1, period=march))
    assert [caveat.insist for caveat in mixed.caveats] == [True]
    assert mixed.figures[0].period is None
    assert run("sum", money(1, period=march), money(1, period=march)).figures[0].period == march
    assert run("growth", money(1, period=january), money(1, period=march)).caveats == (), "growth compares periods by its nature"


def test_names_with_digits_stay_out_of_the_finding():
    result = run("sum", money(1, "Q3 spend"), money(1, "Q4 spend"), name="second_half")
    assert result.findings == ("The result: {{second_half}}.",)
    assert result.formula == "Q3 spend plus Q4 spend"


def test_it_starts_without_anything_heavy():
    code = (
        "import sys, tools.registry as r; r.load('calculate'); "
        "print([m for m in ('numpy', 'scipy', 'sklearn', 'ibis', 'pyarrow', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
