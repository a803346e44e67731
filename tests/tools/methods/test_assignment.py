"""Assignment: uniform, independent between salts, exclusive within a layer, and the same for ever."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
from scipy import stats

from tools.methods.assignment import HELD_OUT, NOT_IN_TRAFFIC, SLOTS, Assigned, Enrolment, assign, codes, cuts, draws, free_spans, slots_of

UNITS = [f"ct_{number}" for number in range(60_000)]
PLAIN = Enrolment("salt", ("control", "treatment"), (1, 1), "layer")
REFUSED = 1e-4
"""A fixed draw of units fails one of these tests with this chance, were the hash a perfect one."""


def test_a_draw_is_what_the_documentation_says():
    [drawn] = draws("xp_1", "arm", ["Ünit 7"]).tolist()
    assert drawn == int.from_bytes(sha256("xp_1\narm\nÜnit 7".encode()).digest()[:8], "big")


def test_known_units_keep_their_arms_for_ever():
    """Written down once: were this to change, units of running experiments would change arms."""
    assert draws("salt", "arm", ["ct_0", "ct_1", ""]).tolist() == [18147372064739747827, 10705123974783267058, 15796787096453171454]
    assert "".join(found.arm[0] for found in assign(PLAIN, UNITS[:8]) if found.arm) == "ttctcctt"


@pytest.mark.parametrize("salt", ["salt", "xp_01", "another one"])
@pytest.mark.parametrize("name", ["ct_{}", "{}", "person{}@post.example", "{:064d}"])
def test_slots_are_uniform_whatever_ids_look_like(salt, name):
    slots = slots_of(draws(salt, "traffic", [name.format(number) for number in range(60_000)]))
    assert stats.chisquare(np.bincount(slots // 100, minlength=100)).pvalue > REFUSED
    assert stats.chisquare(np.bincount(slots % 10, minlength=10)).pvalue > REFUSED


@pytest.mark.parametrize("weights", [(1, 1), (0.9, 0.1), (1, 2, 3), (0.1,) * 10])
def test_arms_get_their_weights(weights):
    arms = tuple(f"arm {number}" for number in range(len(weights)))
    found = np.bincount(codes(Enrolment("s", arms, weights, "l"), UNITS), minlength=len(arms))
    assert stats.chisquare(found, np.array(weights) / sum(weights) * len(UNITS)).pvalue > REFUSED


def test_two_salts_and_two_purposes_know_nothing_of_each_other():
    by = {f"{salt} {purpose}": slots_of(draws(salt, purpose, UNITS)) // 1000 for salt in ("a", "b", "a1") for purpose in ("arm", "traffic")}
    names = sorted(by)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            table = np.zeros((10, 10))
            np.add.at(table, (by[one], by[other]), 1)
            assert stats.chi2_contingency(table).pvalue > REFUSED, (one, other)


def test_who_is_in_the_traffic_says_nothing_of_the_arm():
    """Split within a tenth of the traffic as evenly as in all of it."""
    found = codes(Enrolment("s", ("a", "b"), (1, 1), "s", ((0, 1000),)), UNITS)
    inside = np.bincount(found[found >= 0], minlength=2)
    assert stats.chisquare(inside).pvalue > REFUSED
    assert stats.binomtest(int(inside.sum()), len(UNITS), 0.1).pvalue > REFUSED


def test_a_unit_gets_the_same_alone_in_company_and_in_another_process():
    together = assign(PLAIN, UNITS[:500])
    assert together == [assign(PLAIN, [unit])[0] for unit in UNITS[:500]]
    assert together[::-1] == assign(PLAIN, UNITS[:500][::-1])
    code = (
        "from tools.methods.assignment import *; "
        "print([a.arm for a in assign(Enrolment('salt', ('control', 'treatment'), (1, 1), 'layer'), [f'ct_{n}' for n in range(50)])])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}).stdout
    assert said.strip() == str([found.arm for found in together[:50]])


def test_more_traffic_keeps_everybody_where_they_are():
    some, more = (codes(Enrolment("s", ("a", "b"), (1, 1), "s", ((0, end),)), UNITS) for end in (2000, 5000))
    entered = some >= 0
    assert (some[entered] == more[entered]).all()
    assert (more >= 0).sum() > 2 * entered.sum()


def test_nobody_is_in_two_experiments_of_a_layer():
    first = codes(Enrolment("one", ("a", "b"), (1, 1), "layer", ((0, 3000), (8000, 9000))), UNITS)
    second = codes(Enrolment("two", ("a", "b"), (1, 1), "layer", ((3000, 8000),)), UNITS)
    assert not ((first >= 0) & (second >= 0)).any()
    assert ((first == NOT_IN_TRAFFIC) & (second == NOT_IN_TRAFFIC)).mean() == pytest.approx(0.1, abs=0.01)


def test_the_held_out_are_in_no_experiment_of_any_layer():
    held = {"holdout_salt": "client", "holdout_slots": 500}
    for other in (Enrolment("x", ("a", "b"), (1, 1), "x", **held), Enrolment("y", ("a", "b"), (3, 1), "z", ((0, 4000),), **held)):
        out = codes(other, UNITS) == HELD_OUT
        assert (out == (slots_of(draws("client", "holdout", UNITS)) < 500)).all()
    assert stats.binomtest(int(out.sum()), len(UNITS), 0.05).pvalue > REFUSED
    assert Assigned(UNITS[int(out.argmax())], None, "holdout") in assign(other, UNITS)


def test_slots_are_given_once():
    assert free_spans([], SLOTS) == ((0, SLOTS),)
    assert free_spans([(0, 3000), (5000, 6000)], 4000) == ((3000, 5000), (6000, 8000))
    assert free_spans([(0, 9000)], 1001) is None


def test_what_is_no_split_is_refused():
    assert cuts([1, 1]) == [2**63]
    for weights in ((1, 0), (1, -1)):
        with pytest.raises(ValueError, match="more than zero"):
            cuts(weights)
    with pytest.raises(ValueError, match="one weight"):
        Enrolment("s", ("a", "b"), (1,), "l")
    with pytest.raises(ValueError, match="line feed"):
        Enrolment("s\narm", ("a", "b"), (1, 1), "l")
    with pytest.raises(UnicodeEncodeError):
        draws("s", "arm", ["\ud800"])
