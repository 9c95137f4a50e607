"""Corpora of accents and languages: `--task` on tiny trees in their layouts."""

import pandas as pd
import pytest

from local import prepare_task
from recipes.l2arctic.prepare import LABELS
from tests.releases import files_of, run
from tests.trees import lines, write_tree
from utils.data.manifest import read_manifest
from utils.runtime.errors import UserError
from utils.runtime.program import run_program


def voxlingua_tree():
    names = [
        (language, f"{language}v{video}", start)
        for language in ("en", "et") for video in range(6) for start in (0, 5)
    ]  # fmt: skip
    names += [("dev/en", "envd", 0), ("dev/en", "envd", 5), ("dev/et", "etvd", 0),
              ("dev/et", "etvd", 5), ("en", "envd", 9)]  # fmt: skip
    return files_of("{0}/{1}__U__S{2}---000{2}.470-0009.310.wav", *names)


def commonvoice_tree():
    header = "client_id\tpath\tsentence\tage\tgender\taccents\tlocale"
    rows, files = [header], {}
    accents = ["England English", "england-english", "Scottish English"]
    for speaker in range(12):
        for clip in range(2):
            name = f"common_voice_en_{speaker}{clip}.mp3"
            who = f"{speaker:02x}{'b' * 126}"
            accent = accents[speaker % 3]
            rows.append(f"{who}\t{name}\tHello\t\tmale\t{accent}\ten")
            files[f"en/clips/{name}"] = None
    return files | {"en/validated.tsv": lines(*rows)}


def vctk_tree():
    speakers = [f"p{225 + n}" for n in range(12)]
    info = ["ID  AGE  GENDER  ACCENTS  REGION"] + [
        f"{s}  2{n % 3}  {'FM'[n % 2]}  {'Irish' if n < 6 else 'English'}  x"
        for n, s in enumerate(speakers)
    ]
    names = [(s, n) for s in speakers for n in (1, 2)]
    root = "VCTK-Corpus-0.92/"
    pattern = root + "wav48_silence_trimmed/{0}/{0}_00{1}_mic1.flac"
    return files_of(pattern, *names) | {root + "speaker-info.txt": lines(*info)}


def l2arctic_tree():
    names = [(speaker, n) for speaker in LABELS for n in (1, 2)]
    return files_of("{0}/wav/arctic_a000{1}.wav", *names) | {
        f"{speaker}/annotation/arctic_a0001.TextGrid": "x" for speaker in LABELS
    }


def accentdb_tree():
    counts = {"telugu": 4, "odiya": 4, "welsh": 1}
    names = [
        (accent, number, n)
        for accent, count in counts.items()
        for number in range(1, count + 1)
        for n in (1, 2)
    ]
    return files_of("data/{0}/speaker_0{1}/{0}_s0{1}_00{2}.wav", *names)


CORPORA = {
    "voxlingua107": (voxlingua_tree(), "", "language", {"en", "et"}, []),
    "commonvoice": (
        commonvoice_tree(), "en", "accent", {"england-english", "Scottish English"},
        ["--fewest", "2"],
    ),
    "vctk": (vctk_tree(), "", "accent", {"Irish", "English"}, []),
    "l2arctic": (
        l2arctic_tree(), "", "accent",
        {"arabic", "hindi", "korean", "mandarin", "spanish", "vietnamese"}, [],
    ),
    "accentdb": (accentdb_tree(), "", "accent", {"telugu", "odiya"}, []),
}  # fmt: skip


@pytest.fixture
def prepare(tmp_path, monkeypatch, capsys):
    """Run the recipe and stage 1 of a task; returns manifests, or what was refused."""

    def prepare_corpus(corpus, *options):
        files, inner, task, _, own = CORPORA[corpus]
        source = write_tree(tmp_path / "source", files) / inner
        run(corpus, source, tmp_path / "data", "--partial", *own)
        words = [
            tmp_path / "data",
            "--task",
            task,
            "--out",
            tmp_path / "task",
            *options,
        ]
        monkeypatch.setattr("sys.argv", ["", *map(str, words)])
        try:
            run_program(prepare_task.main)
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        parts = "train", "valid", "test"
        return {p: read_manifest(tmp_path / f"task/{p}.csv") for p in parts}

    return prepare_corpus


@pytest.mark.parametrize("corpus", CORPORA)
def test_speakers_are_apart_and_classes_in_all_parts(corpus, prepare):
    parts = prepare(corpus, "--drop-rare")
    speakers = [set(rows["spk_id"]) for rows in parts.values()]
    assert len(set.union(*speakers)) == sum(map(len, speakers))
    for rows in parts.values():
        labels = {name.casefold().replace(" ", "-") for name in rows["label"]}
        wanted = {name.casefold().replace(" ", "-") for name in CORPORA[corpus][3]}
        assert labels == wanted


def test_an_accent_of_one_speaker_is_refused_unless_left_out(prepare):
    code, error = prepare("accentdb")
    assert code == 1
    assert "accent=welsh: 1 speaker (welsh-01), and a class needs 3" in error
    assert "--drop-rare" in error


def test_videos_of_the_test_are_not_trained_on(prepare):
    parts = prepare("voxlingua107")
    assert set(parts["test"]["spk_id"]) == {"en-envd", "et-etvd"}
    everything = pd.concat(parts.values())
    assert (everything["spk_id"] == "en-envd").sum() == 2


def test_languages_that_are_not_there(tmp_path):
    source = write_tree(tmp_path / "source", voxlingua_tree())
    with pytest.raises(UserError, match="no folder of fi"):
        run("voxlingua107", source, tmp_path / "out", "--languages", "fi")


def test_an_unknown_speaker_of_l2arctic(tmp_path):
    files = l2arctic_tree() | files_of("{0}/wav/arctic_a000{1}.wav", ("XYZ", 1))
    source = write_tree(tmp_path / "source", files)
    with pytest.raises(UserError, match="XYZ: not one of the 24 speakers"):
        run("l2arctic", source, tmp_path / "out", "--partial")
