import pandas as pd
import pytest

from utils.data.criteria import fulfils, parse_criterion
from utils.runtime.errors import UserError

ROWS = pd.DataFrame(
    {
        "age": ["9", "16", "", "x"],
        "gender": ["F", "m", "female", ""],
        "accent": ["US", "us", "GB", None],
    }
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("age>=16", [False, True, False, False]),
        ("age != 16", [True, False, False, False]),
        ("age<16.5", [True, True, False, False]),
        ("gender=woman", [True, False, True, False]),
        ("gender!=f", [False, True, False, False]),
        ("accent = Us", [True, True, False, False]),
    ],
)
def test_rows_that_fulfil_a_criterion(text, wanted):
    criterion = parse_criterion(text, "--where")
    assert fulfils(ROWS, criterion, "--where").tolist() == wanted


@pytest.mark.parametrize("text", ["age", "age=", "=16", "age~16", ""])
def test_other_forms_are_refused(text):
    with pytest.raises(UserError, match="--where .*: write age>=16 or gender=f"):
        parse_criterion(text, "--where")


def test_what_is_no_number_is_not_more_or_less():
    with pytest.raises(UserError, match="'x' is no number; compare by = or !="):
        parse_criterion("accent>x", "--relevant")


def test_a_missing_column_is_told_with_those_there_are():
    with pytest.raises(UserError, match="no column 'sex'; there are age, gender, acc"):
        fulfils(ROWS, parse_criterion("sex=f", "--where"), "--where")
