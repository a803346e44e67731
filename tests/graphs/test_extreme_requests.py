"""Numbers and days beyond what can be computed are refused in words; they are no error of ours."""

from __future__ import annotations

from datetime import date

import pytest

from graphs.run_tool import ToolCall, compute
from tools.contract import ToolInputError


@pytest.mark.parametrize(
    ("tool", "request_", "as_of"),
    [
        ("design_experiment", {"baseline_rate": 0.5, "relative_effect": 1e-300, "units_per_week": 100}, None),
        ("compare_competitors", {}, date(1, 1, 5)),
    ],
)
def test_what_cannot_be_computed_is_refused_with_what_would_do(tool, request_, as_of):
    with pytest.raises(ToolInputError, match="less extreme") as refused:
        compute(ToolCall(tool, request_, as_of=as_of))
    assert refused.value.needed
