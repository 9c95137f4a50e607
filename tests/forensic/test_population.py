import pandas as pd
import pytest

from tests.forensic.populations import material, population
from utils.forensic.population import (
    check_size,
    parse_relevant,
    relevant_rows,
    without_case_speakers,
)
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file

TABLE = pd.DataFrame(
    {
        "ID": list("abcd"),
        "spk_id": ["anna", "anna", "bo", "carl"],
        "gender": ["f", "f", "m", "m"],
        "channel": ["phone", "room", "phone", "room"],
    }
)


def test_filters_join():
    found = relevant_rows(TABLE, {"gender": "MALE", "channel": "Phone"}, "table")
    assert found["ID"].tolist() == ["c"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            {"accent": "x"},
            "table: --relevant: no column 'accent'; there are gender, ch",
        ),
        (
            {"gender": "x"},
            "nobody is left with gender=x; in column gender there are f, m",
        ),
        ({"gender": "f", "channel": "car"}, "nobody is left with channel=car"),
    ],
)
def test_nobody_left_is_told(wanted, message):
    with pytest.raises(UserError, match=message):
        relevant_rows(TABLE, wanted, "table")


@pytest.mark.parametrize("text", ["gender", "gender=", "=m", "gender=m,gender=f"])
def test_a_filter_of_another_form(text):
    with pytest.raises(UserError, match="is not one column=value; an example"):
        parse_relevant(text)


def test_no_filter():
    assert parse_relevant("") == {}


def test_few_speakers():
    with pytest.raises(
        UserError, match="9 speakers with two recordings .* at least 10"
    ):
        check_size(9, "voices")
    assert "only 10 speakers: the interval" in check_size(10, "voices")
    assert check_size(20, "voices") == ""


def test_speakers_of_the_case_leave_by_folder_and_by_file(tmp_path):
    for name in ("anna/1.wav", "bo/1.wav", "carl/1.wav", "elsewhere/copy.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "elsewhere/copy.wav").write_bytes(b"bo/1.wav")
    names = ["anna", "bo", "carl"]
    table = pd.DataFrame(
        {"spk_id": names, "wav": [str(tmp_path / name / "1.wav") for name in names]}
    )
    case = []
    for path in (tmp_path / "anna/1.wav", tmp_path / "elsewhere/copy.wav"):
        own = material(str(path))
        case.append(
            type(own)(**(vars(own) | {"path": path, "sha256": hash_file(path)}))
        )
    left, told = without_case_speakers(table, case)
    assert left["spk_id"].tolist() == ["carl"]
    assert told[0] == "anna: the folder of a recording of the case"
    assert told[1].startswith("bo: ") and "is the file" in told[1]


def test_speakers_are_numbered_again():
    whole, _ = population(n_speakers=4, each=2)
    left = whole.without([1, 3])
    assert left.names == ("s0", "s2")
    assert left.speakers.tolist() == [0, 0, 1, 1]
    assert len(left.heard) == len(left.known) == len(left.sessions) == 4
    assert (left.questioned == whole.questioned[[0, 1, 4, 5]]).all()
