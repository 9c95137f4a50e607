"""Lists of other tools: every form gives the same pairs, and nothing is guessed."""

import gzip
import logging
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from utils.runtime.errors import UserError
from utils.trials.enrolment import read_enrolment
from utils.trials.lists import read_trials
from utils.trials.scores import read_scores

PAIRS = [("a1", "a2"), ("a1", "b1"), ("b1", "b2"), ("a2", "b2"), ("a1", "b2")]
IS_TARGET = [True, False, True, False, False]
SCORES = [0.9, 0.1, 0.3, 0.4, -0.2]


@pytest.fixture
def write(tmp_path):
    def write_bytes(content, name="list.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_bytes


def trials_of(path, form="auto"):
    table = read_trials(path, form).astype(object)
    return [((e, t), x) for e, t, x in table.itertuples(index=False)]


def scores_of(path, form="auto"):
    table = read_scores(path, form).astype(object)
    return [((e, t), x) for e, t, x in table.itertuples(index=False)]


TRIALS = list(zip(PAIRS, IS_TARGET, strict=True))
SCORED = list(zip(PAIRS, SCORES, strict=True))


def lines(form, header="", separator=" "):
    """Write a line a trial, from the text of its columns."""
    rows = [header] if header else []
    for (enrol, test), target, score in zip(PAIRS, IS_TARGET, SCORES, strict=True):
        cells = form.format(
            e=enrol, t=test, s=score, bit=int(target), truth=str(target),
            word="target" if target else "nontarget",
            tgt="tgt" if target else "imp",
            imposter="target" if target else "imposter",
            upper="TARGET" if target else "NonTarget",
        ).split()  # fmt: skip
        rows.append(separator.join(cells))
    return "\n".join(rows) + "\n"


SRE21 = "modelid\tsegmentid\tside\ttargettype\tsource_type_match\tlanguage_match"
FORMS_OF_TRIALS = {
    "Kaldi": lines("{e} {t} {word}"),
    "VoxCeleb": lines("{bit} {e} {t}"),
    "CN-Celeb": lines("{e} {t} {bit}"),
    "SITW and VOiCES": lines("{e} {t} {tgt}"),
    "target and imposter": lines("{e} {t} {imposter}"),
    "upper case": lines("{e} {t} {upper}"),
    "words first": lines("{word} {e} {t}"),
    "WeSpeaker's scores": lines("{e} {t} {s} {word}"),
    "SpeechBrain's scores": lines("{e} {t} {bit} {s}"),
    "scores first": lines("{s} {e} {t} {word}"),
    "side of the call": lines("{e} {t} a {word}"),
    "SRE16 key": lines("{e} {t} a {word}", SRE21.rpartition("\tsource")[0], "\t"),
    "SRE21 key": lines("{e} {t} a {word} Y N", SRE21, "\t"),
    "header in another order": lines(
        "{word} a {t} {e}", "targettype\tside\tsegmentid\tmodelid", "\t"
    ),
    "header of blanks": lines("{e} {t} {word}", "modelid segmentid targettype"),
    "truth under a header": lines("{e} {t} {truth}", "enrol,test,target", ","),
    "CSV": lines("{e} {t} {bit}", "", ","),
    "CSV with a header": lines("{bit} {e} {t}", "label,enroll_path,test_path", ","),
    "CSV with blanks": lines("{e} {t} {word}", "", ", "),
    "semicolons": lines("{e} {t} {tgt}", "", ";"),
    "quoted CSV": lines('"{e}" "{t}" {bit}', '"utt1","utt2","label"', ","),
    "tabs": lines("{e} {t} {word}", "", "\t"),
    "blanks and tabs": lines("{e} {t}?{word}").replace("?", "\t"),
    "several blanks": lines("{e} {t} {word}", "", "   "),
    "trailing blanks": lines("{e} {t} {word}").replace("\n", "  \n"),
    "trailing tab": lines("{e} {t} {word}", "", "\t").replace("\n", "\t\n"),
    "leading blanks": "  " + lines("{e} {t} {word}").replace("\n", "\n  "),
    "Windows": lines("{e} {t} {word}").replace("\n", "\r\n"),
    "BOM": "\ufeff" + lines("{e} {t} {word}"),
    "BOM before a header": "\ufeff"
    + lines("{e} {t} {word}", "modelid\tsegmentid\ttargettype", "\t"),
    "BOM before 1 and 0": "\ufeff" + lines("{bit} {e} {t}"),
    "no end of the last line": lines("{e} {t} {word}").rstrip("\n"),
    "ASVspoof metadata": lines("{e} {t} alaw ita_tx bonafide {word} notrim eval"),
}


@pytest.mark.parametrize("name", FORMS_OF_TRIALS)
def test_trials_of_every_form(write, name):
    assert trials_of(write(FORMS_OF_TRIALS[name])) == TRIALS


FORMS_OF_SCORES = {
    "Kaldi": lines("{e} {t} {s}"),
    "score first": lines("{s} {e} {t}"),
    "WeSpeaker": lines("{e} {t} {s} {word}"),
    "SpeechBrain": lines("{e} {t} {bit} {s}"),
    "label last": lines("{e} {t} {s} {bit}"),
    "label and score first": lines("{bit} {s} {e} {t}"),
    "score first, label last": lines("{s} {e} {t} {tgt}"),
    "SRE": lines("{e} {t} a {s}", "modelid\tsegment\tside\tLLR", "\t"),
    "SRE without header": lines("{e} {t} a {s}", "", "\t"),
    "CSV with a header": lines("{s} {e} {t}", "score,enrol,test", ","),
    "CSV": lines("{e} {t} {s}", "", ","),
    "trailing blanks": lines("{e} {t} {s}").replace("\n", " \n"),
    "BOM": "\ufeff" + lines("{s} {e} {t}"),
}


@pytest.mark.parametrize("name", FORMS_OF_SCORES)
def test_scores_of_every_form(write, name):
    assert scores_of(write(FORMS_OF_SCORES[name])) == SCORED


IDS = [["0", "1"], ["0", "1", "2"], ["007", "012", "34374"], ["a", "b", "x1"]]
IDS += [["a1", "b2", "u/1.wav"], ["spk1", "spk2"], ["12", "ab"]]
SHAPES = [
    "{e} {t} {word}", "{e} {t} {tgt}", "{bit} {e} {t}", "{e} {t} {bit}", "{s} {e} {t}",
    "{e} {t} {s}", "{e} {t} {s} {word}", "{e} {t} {bit} {s}", "{s} {e} {t} {word}",
    "{e} {t} {s} {bit}", "{e} {t} a {word}",
]  # fmt: skip
FIXED = HealthCheck.function_scoped_fixture


@settings(max_examples=300, deadline=None, suppress_health_check=[FIXED])
@given(
    shape=st.sampled_from(SHAPES),
    enrol=st.sampled_from(IDS), test=st.sampled_from(IDS),
    picks=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans(),
                  st.floats(-9, 9)),
        min_size=1, max_size=6, unique_by=lambda pick: pick[:2],
    ),
    digits=st.sampled_from([0, 3]),
)  # fmt: skip
def test_a_list_is_read_right_or_asked_about(write, shape, enrol, test, picks, digits):
    rows = [
        (enrol[e % len(enrol)], test[t % len(test)], *more) for e, t, *more in picks
    ]
    rows = [
        row for n, row in enumerate(rows) if row[:2] not in [r[:2] for r in rows[:n]]
    ]
    rows = [row for row in rows if row[0] != row[1]]
    assume(rows)
    text = "".join(
        shape.format(
            e=e, t=t, bit=int(x), word="target" if x else "nontarget",
            tgt="tgt" if x else "imp", s=f"{score:.{digits}f}",
        ) + "\n"
        for e, t, x, score in rows
    )  # fmt: skip
    path = write(text)
    if "{s}" in shape:
        with suppress(UserError):
            expected = [((e, t), float(f"{s:.{digits}f}")) for e, t, _, s in rows]
            assert scores_of(path) == expected
    if shape.count("{") > 2 + ("{s}" in shape):
        with suppress(UserError):
            assert trials_of(path) == [((e, t), x) for e, t, x, _ in rows]


def test_models_named_0_and_1_have_their_labels_last(write):
    trials = write("0 u1 target\n1 u1 nontarget\n1 u2 target\n0 u2 nontarget\n")
    assert [x for _, x in trials_of(trials)] == [True, False, True, False]
    scores = write("0 u1 .9\n1 u1 .1\n1 u2 .8\n0 u2 .2\n")
    assert scores_of(scores)[0] == (("0", "u1"), 0.9)


def test_ids_of_digits_keep_their_zeros_and_scores_their_place(write):
    scores = scores_of(write(".7 034374 053313\n.1 019394 002252\n.5 000001 000002\n"))
    assert scores[0] == (("034374", "053313"), 0.7)
    assert scores_of(write("034374 053313 -1e-3\n"))[0][1] == -0.001
    trials = trials_of(write("1 034374 053313\n0 019394 002252\n"))
    assert trials == [(("034374", "053313"), True), (("019394", "002252"), False)]
    assert trials_of(write("034 053 0.5 target\n")) == [(("034", "053"), True)]


def test_all_lines_decide_not_the_first(write):
    many = "".join(f"{n} {n + 1} {n + 2}\n" for n in range(3000))
    assert len(scores_of(write(many + "7 8 0.25\n"))) == 3001  # only the last tells
    text = "1 2 1\n0 2 1\n1 3 0\n7 4 0\n"  # 7 is no label
    assert [x for _, x in trials_of(write(text))] == [True, True, False, False]


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (read_trials, "1 0 1\n0 1 0\n", "columns 1 and 3 may both be the labels; say "
         "which: --format voxceleb .label first. or --format kaldi .label last. or "
         "--columns enrol=...,test=...,label=..."),
        (read_scores, "5 7 8\n3 7 9\n", "columns 1 and 3 may both be the scores; say"),
        (read_scores, ".5 .7 .8\n.3 .7 .9\n", "columns 1 and 3 may both be the scores"),
        (read_scores, "1.5 b 3\n2.5 c 4\n", "columns 1 and 3 may both be the scores"),
        (read_trials, "a b 0 1\nc d 1 0\n", "columns 3 and 4 may both be the labels"),
        (read_trials, "0 a target\n1 b maybe\n", "columns 1 and 3 may both be the lab"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_asked_for(write, reader, text, message):
    with pytest.raises(UserError, match=message):
        reader(write(text))


def test_the_form_or_the_columns_decide(write):
    path = write("1 0 1\n0 1 0\n")
    assert trials_of(path, "voxceleb") == [(("0", "1"), True), (("1", "0"), False)]
    assert trials_of(path, "kaldi") == [(("1", "0"), True), (("0", "1"), False)]
    assert trials_of(path, "enrol=2,test=3,label=1") == trials_of(path, "voxceleb")
    path = write("x,first file,other,y,z\n0.5,a,b,1,q\n0.25,a,c,0,q\n")
    named = "enrol=first file,test=other,label=y,score=x"
    assert trials_of(path, named) == [(("a", "b"), True), (("a", "c"), False)]
    assert scores_of(path, named) == [(("a", "b"), 0.5), (("a", "c"), 0.25)]
    path = write(lines("{e} {t} alaw {word} {s}"))
    assert trials_of(path, "enrol=1,test=2,label=4") == TRIALS
    assert scores_of(path, "enrol=1,test=2,score=5") == SCORED


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("wespeaker", ":1: 3 columns, not the 4 of the form wespeaker: enrol test sc"),
        (
            "enrol=1,test=4,label=3",
            ":1: no column '4'; there are 1 to 3: a1, a2, tar",
        ),
        ("enrol=1,test=x,label=3", ":1: no column 'x'; there are 1 to 3"),
        ("enrol=1,test=3,label=2", ":1: label 'a2'; write target or nontarget"),
        ("voxceleb", ":1: label 'a1'; write 1 or 0 first in a line"),
        ("pairs", ":1: 3 columns, not the 2 of the form pairs"),
    ],
)
def test_a_form_that_does_not_fit(write, form, message):
    with pytest.raises(UserError, match=message):
        read_trials(write(FORMS_OF_TRIALS["Kaldi"]), form)


@pytest.mark.parametrize(
    "text",
    [
        lines("{e} {t}"),
        lines("{e} {t}", "modelid\tsegmentid", "\t"),
        lines("{e} {t} a", "modelid\tsegmentid\tside", "\t"),
        lines("{e} {t}", "", ","),
    ],
)
def test_lists_without_labels_are_for_scoring(write, text):
    table = read_trials(write(text), needs_labels=False)
    assert list(table) == ["enrol", "test"]
    assert list(table.astype(object).itertuples(index=False, name=None)) == PAIRS
    with pytest.raises(UserError, match="no column of labels; add target or nonta"):
        read_trials(write(text))


def test_spoofed_trials_are_left_out_and_counted(write, caplog):
    text = FORMS_OF_TRIALS["ASVspoof metadata"]
    text += "a1 x1 alaw ita_tx A07 spoof notrim eval\n" * 2
    with caplog.at_level(logging.WARNING):
        assert trials_of(write(text)) == TRIALS
    assert "2 spoofed trials are left out" in caplog.text
    four = "a1 a2 bonafide target\na1 b1 bonafide nontarget\na1 x1 A09 spoof\n"
    assert trials_of(write(four)) == TRIALS[:2]
    for text in ("a1 x - A07 spoof\na1 y - - bonafide\n", "a x spoof\na y bonafide\n"):
        with pytest.raises(UserError, match="labels of spoofing detection, not of tri"):
            read_trials(write(text))


def test_lines_of_a_table_are_counted_with_its_header(write):
    text = SRE21 + "\na\tb\ta\ttarget\tY\tN\na\tc\ta\tmaybe\tY\tN\n"
    with pytest.raises(UserError, match=":3: label 'maybe'"):
        read_trials(write(text))
    with pytest.raises(UserError, match=":3: no finite score: '-'"):
        read_scores(write("modelid,segmentid,score\na,b,0.5\na,c,-\n"))


def test_blank_lines_are_counted(write):
    with pytest.raises(UserError, match=":6: label 'maybe'"):
        read_trials(write("\ufeff\n\na b target\n \t \n\na c maybe\n"))
    with pytest.raises(UserError, match=":5: no finite score: 'x'"):
        read_scores(write("enrol,test,score\n\na,b,0.5\n  \na,c,x\n"))
    assert scores_of(write("\n\n.5 a b\n\n")) == [(("a", "b"), 0.5)]


def test_padded_ids_are_no_scores(write):
    text = ".5 a 003\n.7 b 012\n"
    assert scores_of(write(text)) == [(("a", "003"), 0.5), (("b", "012"), 0.7)]


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("bad", ["-", "nan", "inf", "0,5", "x", "1e999"])
def test_a_score_that_is_none_is_shown_as_it_is_written(write, bad, place):
    text = "a b 0.5\nc d {}\n" if place == "last" else "0.5 a b\n{} c d\n"
    with pytest.raises(UserError, match=f":2: no finite score: '{bad}'") as raised:
        read_scores(write(text.format(bad)))
    assert ("decimal point" in str(raised.value)) == (bad == "0,5")


def test_decimal_commas_everywhere(write):
    with pytest.raises(UserError, match=":1: no finite score: '0,5'; write a decimal"):
        read_scores(write("a b 0,5\nc d 0,7\n"))
    with pytest.raises(UserError, match=":1: no finite score: '0,5'; write a decimal"):
        read_scores(write("a;b;0,5\nc;d;0,7\n"))


def test_files_that_are_broken(write, tmp_path):
    whole = gzip.compress(lines("{e} {t} {word}").encode() * 50)
    with pytest.raises(UserError, match="cut.gz: malformed .Compressed file ended"):
        read_trials(write(whole[:60], "cut.gz"))
    flipped = whole[:30] + bytes([whole[30] ^ 255]) + whole[31:]
    with pytest.raises(UserError, match="bad.gz: malformed"):
        read_trials(write(flipped, "bad.gz"))
    with pytest.raises(UserError, match="no.gz: malformed .Not a gzipped file"):
        read_trials(write("a b target\n", "no.gz"))
    with pytest.raises(UserError, match="s.xz: malformed"):
        read_scores(write(b"\xfd7zXZ\x00 junk", "s.xz"))
    with pytest.raises(UserError, match="s.parquet: broken Parquet"):
        read_scores(write(b"PAR1 junk PAR1", "s.parquet"))
    with pytest.raises(UserError, match="s.parquet: broken Parquet"):
        read_scores(write(b"", "s.parquet"))
    with pytest.raises(UserError, match="no UTF-8 text; save it as UTF-8"):
        read_trials(write("m\xe4x b target\n".encode("latin-1")))
    with pytest.raises(UserError, match="UTF-16 text; save it as UTF-8"):
        read_trials(write("a b target\n".encode("utf-16")))
    with pytest.raises(UserError, match="malformed"):
        read_trials(tmp_path)


def test_parquet_by_names_or_by_what_it_holds(tmp_path):
    ids = pd.DataFrame(PAIRS, columns=["enrol", "test"])
    named = ids.assign(other=7, target=IS_TARGET, score=SCORES)[
        ["score", "other", "test", "target", "enrol"]
    ]
    plain = ids.assign(x=np.array(IS_TARGET).astype(int)).set_axis(list("pqr"), axis=1)
    scored = ids.assign(x=np.float32(SCORES)).set_axis(list("pqr"), axis=1)
    named.to_parquet(tmp_path / "named.parquet")
    plain.to_parquet(tmp_path / "plain.parquet")
    scored.to_parquet(tmp_path / "scored.parquet")
    assert trials_of(tmp_path / "named.parquet") == TRIALS
    assert scores_of(tmp_path / "named.parquet") == SCORED
    assert trials_of(tmp_path / "plain.parquet") == TRIALS
    found = [score for _, score in scores_of(tmp_path / "scored.parquet")]
    assert found == pytest.approx(SCORES)


def test_utterances_whose_names_could_be_a_header(write):
    text = "utt1 utt2 target\nutt1 utt3 nontarget\n"
    assert len(trials_of(write(text))) == 2
    assert len(trials_of(write(text.replace(" ", "\t")))) == 2
    assert len(trials_of(write("model test target\nmodel test2 nontarget\n"))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "m0 q0\nm1 q1 q2\n",
        "\ufeffm0 q0\nm1 q1 q2\n",
        "m0\tq0\nm1 q1  q2 \n\n",
        "modelid\tsegmentid\tside\nm0\tq0\ta\nm1\tq1\ta\nm1\tq2\ta\n",
        "\ufeffsegmentid,modelid\nq0,m0\nq1,m1\nq2,m1\n",
        "model segment\nm0 q0\nm1 q1\nm1 q2\n",
    ],
)
def test_enrolment_of_every_form(write, text):
    assert read_enrolment(write(text)) == {"m0": ["q0"], "m1": ["q1", "q2"]}


def test_broken_enrolment_lists(write, tmp_path):
    with pytest.raises(UserError, match=":1: not UTF-8; save the file as UTF-8"):
        read_enrolment(write("m\xe4x a\n".encode("latin-1")))
    with pytest.raises(UserError, match=":2: no utterance of 'm'"):
        read_enrolment(write("modelid\tsegmentid\nm\t\n"))
    with pytest.raises(UserError, match=":2: model 'm' again; use one line, or write"):
        read_enrolment(write("m a\nm b\n"))
    with pytest.raises(UserError, match="Is a directory; check the name"):
        read_enrolment(tmp_path)
