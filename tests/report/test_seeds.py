from pathlib import Path

import pytest

from utils.report.results import results_notes, results_table
from utils.report.seeds import add_seeds
from utils.runtime.errors import UserError


def result(seed, eer, cost, **changes):
    known = {
        "trials": "all", "trials_sha256": "f" * 64, "sessions": "across",
        "backend": "lda", "calibrated": False, "gain": None, "network": True,
        "n_target": 5, "n_nontarget": 9, "trained_on": "X", "processor": "Y",
    }  # fmt: skip
    return known | {"seed": seed, "eer": eer, "min_dcf": {"0.01": cost}} | changes


def test_mean_and_range_are_over_all_seeds():
    first = [result(1, 0.05, 0.4), result(1, 0.5, 1, sessions="same")]
    others = {
        Path("b"): [result(2, 0.6, 1, sessions="same"), result(2, 0.07, 0.3)],
        Path("c"): [result(3, 0.03, 0.8), result(3, 0.1, 1, sessions="same")],
    }
    add_seeds(first, others)
    found = first[0]["over_seeds"]
    assert found["seeds"] == [1, 2, 3]
    assert found["eer"] == {"mean": pytest.approx(0.05), "range": [0.03, 0.07]}
    assert found["min_dcf"]["0.01"] == {
        "mean": pytest.approx(0.5), "range": [0.3, 0.8]
    }  # fmt: skip
    header, rows = results_table(first, ["0.01"])
    cells = dict(zip(header, rows[1], strict=True))
    assert cells["EER %"] == "50.00"
    assert cells["EER % of 3 seeds"] == "40.00 (10.00 to 60.00)"
    assert results_notes(first)[0].startswith(
        "of several seeds, mean and range: 1, 2, 3"
    )


@pytest.mark.parametrize(
    "changes",
    [{"trials_sha256": "0" * 64}, {"backend": "plda"}, {"min_dcf": {"0.05": 1}}],
)
def test_a_seed_without_the_result_is_told(changes):
    others = {Path("exp/results.json"): [result(2, 0.1, 1, **changes)]}
    with pytest.raises(
        UserError, match=r"results.json: no lda on all as it is now; run"
    ):
        add_seeds([result(1, 0.1, 1)], others)
