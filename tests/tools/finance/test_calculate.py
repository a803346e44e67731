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
        ("ratio", [money(6000, denominator="week"), of("count", 30, "clicks", denominator="weeks")], 200, "money", "ZAR", "clicks"),
        ("ratio", [money(850, denominator="week"), of("share", 0.85)], 1000, "money", "ZAR", "week"),
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
        ("sum", [money(2)], "operands"),
        ("product", [money(2, denominator="week"), of("number", 4.35, "weeks per month")], "operands.1.name"),
        ("product", [money(2, denominator="week"), of("number", 4.35, "weeks")], "operands.1.name"),
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


@pytest.mark.parametrize(
    ("operand", "per", "value"),
    [
        (money(70_000, denominator="week"), "month", 304_375),
        (money(304_375, denominator="months"), "week", 70_000),
        (money(120_000, denominator="year"), "month", 10_000),
        (money(30_000, denominator="month"), "quarter", 90_000),
        (of("count", 10, "bookings", denominator="day"), "week", 70),
        (of("count", 1286, "clicks", period="2026-10-12/2026-10-31"), "week", 450.1),
        (money(36_525, period="2026-01-01/2026-01-12"), "month", 92_644),
    ],
)
def test_a_rate_per_one_period_is_given_per_another(operand: dict[str, Any], per: str, value: float):
    figure = run("per_period", operand, per=per).figures[0]
    assert figure.value == pytest.approx(value)
    assert (figure.unit, figure.denominator) == (operand["unit"], per)


def test_a_conversion_says_how_long_a_month_is_taken_to_be():
    assert [c.code for c in run("per_period", money(7, denominator="week"), per="month").caveats] == ["mean_lengths"]
    assert run("per_period", money(7, denominator="week"), per="day").caveats == ()
    assert run("per_period", money(7, denominator="month"), per="year").caveats == ()
    spread = run("per_period", money(90, period="2026-07-01/2026-09-28"), per="month").caveats
    assert [c.code for c in spread] == ["spread_evenly", "mean_lengths"]


@pytest.mark.parametrize(
    ("operands", "per", "field"),
    [
        ([money(7, denominator="week")], None, "per"),
        ([money(7, denominator="week")], "fortnight", "per"),
        ([money(7)], "week", "operands.0.denominator"),
        ([money(7, denominator="clicks")], "week", "operands.0.denominator"),
        ([of("share", 0.1, denominator="week")], "month", "operands.0.unit"),
        ([money(7, period="last month")], "week", "operands.0.period"),
        ([money(7, denominator="week"), money(7, denominator="week")], "month", "operands"),
    ],
)
def test_what_has_no_rate_per_period_is_refused(operands: list[dict[str, Any]], per: str | None, field: str):
    with pytest.raises(ToolInputError) as refusal:
        run("per_period", *operands, per=per)
    assert refusal.value.field == field


def test_a_refusal_for_a_denominator_says_how_to_mend_it():
    for operation, operands, hint in (
        ("growth", [money(1, denominator="week"), money(2, denominator="month")], "per_period"),
        ("product", [money(1, denominator="week"), of("count", 3, "bookings")], "per_period"),
        ("difference", [money(1, denominator="orders"), money(2, denominator="first-time buyers")], "`per`"),
        ("difference", [money(1, denominator="orders"), money(2)], "multiply the rate"),
    ):
        with pytest.raises(ToolInputError, match=hint):
            run(operation, *operands)


def test_two_names_for_one_thing_are_compared_when_the_caller_names_it_and_a_caveat_stays():
    margin, cost = money(9_000, "margin", denominator="orders"), money(4_000, "ad cost", denominator="first-time buyers")
    result = run("difference", margin, cost, per="booking")
    assert (result.figures[0].value, result.figures[0].denominator) == (5_000, "booking")
    [caveat] = result.caveats
    assert (caveat.code, caveat.insist) == ("counted_alike", True)
    assert caveat.text == "The figures are per orders and first-time buyers; they are compared as if each were one booking."
    assert run("ratio", margin, cost, per="booking").figures[0].unit == "multiple"
    for operation, operands, per in (
        ("product", (margin, of("count", 3, "orders")), "booking"),
        ("difference", (money(1), money(2)), "booking"),
        ("difference", (money(1, denominator="week"), money(2, denominator="month")), "period"),
        ("difference", (margin, cost), "week"),
    ):
        with pytest.raises(ToolInputError):
            run(operation, *operands, per=per)


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
