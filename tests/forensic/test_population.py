import pandas as pd
import pytest

from tests.forensic.populations import material, population
from utils.forensic.population import (
    check_size,
    relevant_rows,
    without_case_speakers,
    without_known,
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
    found = relevant_rows(TABLE, "gender=MALE, channel=Phone")
    assert found["ID"].tolist() == ["c"]
    assert len(relevant_rows(TABLE, "")) == len(TABLE)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("accent=x", "--relevant accent=x: no column 'accent'; there are gender, ch"),
        ("gender=x", "nobody is left with gender=x; in column gender there are f, m"),
        ("gender=f,channel=car", "nobody is left with channel=car"),
        ("gender=m,gender=f", "nobody is left with gender=f"),
    ],
)
def test_nobody_left_is_told(wanted, message):
    with pytest.raises(UserError, match=message):
        relevant_rows(TABLE, wanted)


@pytest.mark.parametrize("text", ["gender", "gender=", "=m"])
def test_a_filter_of_another_form(text):
    with pytest.raises(UserError, match="--relevant .*: write age>=16 or gender=f"):
        relevant_rows(TABLE, text)


def test_speakers_whom_the_model_knows_leave(tmp_path):
    table = pd.DataFrame({"spk_id": [f"s{n:02}" for n in range(14)] * 2})
    ledger = tmp_path / "ledger.tsv"
    ledger.write_text("corpus-s03\tdata\ns05\tdata\ncorpus-s99\tdata\n")
    kept, told = without_known(table, tmp_path, "voices")
    assert set(table["spk_id"]) - set(kept["spk_id"]) == {"s03", "s05"}
    assert told[0].startswith("2 of 14 speakers, such as s03: the model has learnt")
    ledger.write_text("".join(f"corpus-s{n:02}\tdata\n" for n in range(5)))
    with pytest.raises(UserError, match="voices: 5 of 14 speakers.* name other speak"):
        without_known(table, tmp_path, "voices")
    assert without_known(table, tmp_path / "elsewhere", "voices")[1] == []


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
