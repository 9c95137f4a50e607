"""Every recipe on a tiny tree of its release's layout, and two on the real thing."""

import hashlib
import importlib
import json
import tarfile
from pathlib import Path

import espeakng_loader
import numpy as np
import pandas as pd
import pytest
import soundfile

from recipes.preparation import make_parser, prepare
from tests.conftest import ROOT
from tests.trees import lines, write_noise, write_tree
from utils.enrolment import read_enrolment
from utils.errors import UserError
from utils.manifest import read_manifest
from utils.trials import read_trials

SPLITS = ("train", "valid", "cohort", "test")


def run(corpus, source, out, *options):
    """Run a recipe's prepare in this process; returns the manifests by split."""
    module = importlib.import_module(f"recipes.{corpus}.prepare")
    arguments = ["--out", out, *options] + (["--source", source] if source else [])
    parser = make_parser(module.__doc__, module.RECIPE)
    prepare(module.RECIPE, parser.parse_args([str(word) for word in arguments]))
    return {path.stem: read_manifest(path) for path in Path(out).glob("*.csv")}


def speakers_of(manifests):
    return {split: set(rows["spk_id"]) for split, rows in manifests.items()}


def files_of(pattern, *names):
    return {pattern.format(*name): None for name in names}


def librispeech_tree():
    files = {"LibriSpeech/SPEAKERS.TXT": "; id\n1 | F | x | 1 | A\n2 | M | x | 1 | B\n"}
    for part, readers in (("train-clean-100", (1, 2, 3, 4)), ("test-clean", (5, 6)),
                          ("train-clean-5", (1,))):  # fmt: skip
        for r in readers:
            for chapter in (10, 11):
                name = f"{part}/{r}/{chapter}/{r}-{chapter}-0000.flac"
                files[f"LibriSpeech/{name}"] = None
    return files


def voxceleb_tree():
    files = {}
    for speaker in (10001, 10002, 10270, 10271):
        for video in ("5r0dWxy17C8", "-x_y"):
            kind = "test" if speaker >= 10270 else "dev"
            files[f"vox1/{kind}/wav/id{speaker}/{video}/00001.wav"] = None
    for speaker in (12, 15, 16, 17):
        for number in (1, 2):
            files[f"vox2/dev/aac/id{speaker:05d}/abc/{number:05d}.m4a"] = None
    files["vox2/test/aac/id00019/abc/00001.m4a"] = None
    same, other = (
        "id10270/5r0dWxy17C8/00001.wav id10270/-x_y/00001.wav",
        ("id10270/5r0dWxy17C8/00001.wav id10271/-x_y/00001.wav"),
    )
    files["meta/veri_test2.txt"] = lines(f"1 {same}", f"0 {other}")
    hard = "0 id10001/-x_y/00001.wav id10002/-x_y/00001.wav"
    files["list_test_hard2.txt"] = lines(f"1 {same}", f"0 {other}", hard)
    header = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"
    files["meta/vox1_meta.csv"] = lines(header, "id10270\tEartha\tf\tUSA\ttest")
    header = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set "
    files["meta/vox2_meta.csv"] = lines(header, "id00012 ,n000012 ,m ,dev ")
    return files


def cnceleb_tree():
    root = "CN-Celeb_flac/"
    training = [(s, g) for s in ("id00000", "id00001", "id00003") for g in ("01", "02")]
    return (
        files_of(root + "data/{0}/singing-{1}-001.flac", *training)
        | files_of("CN-Celeb2_flac/data/{0}/play-01-00{1}.flac",
                   ("id10000", 1), ("id10000", 2))
        | files_of(root + "eval/enroll/{0}-enroll.flac", ("id00800",), ("id00801",))
        | files_of(root + "eval/test/{0}-live-01-001.flac", ("id00800",), ("id00999",))
        | {
            root + "dev/dev.lst": lines("id00000", "id00001", "id00003"),
            "CN-Celeb2_flac/spk.lst": "id10000\n",
            root + "eval/lists/trials.lst": lines(
                "id00800-enroll test/id00800-live-01-001.wav 1",
                "id00801-enroll test/id00800-live-01-001.wav 0",
            ),
        }
    )  # fmt: skip


def two_parts(pattern, train, test, numbers=(1, 2)):
    names = [("train", s) for s in train] + [("test", s) for s in test]
    return files_of(pattern, *((part, s, n) for part, s in names for n in numbers))


def audiomnist_tree():
    speakers = ("01", "02", "12", "26", "28", "36")
    meta = {s: {"age": "30", "gender": "male", "accent": "German"} for s in speakers}
    meta["26"]["gender"] = "female"
    names = [(s, d) for s in speakers for d in (0, 1)]
    return files_of("data/{0}/{1}_{0}_7.wav", *names) | {
        "data/audioMNIST_meta.txt": json.dumps(meta)
    }


def commonvoice_tree():
    header = "client_id\tpath\tsentence\tage\tgender\taccents\tvariant\tlocale"
    rows, files = [header], {}
    for speaker in range(8):
        for clip in range(1 if speaker == 7 else 2):
            name = f"common_voice_vi_{speaker}{clip}.mp3"
            rows.append(
                f'{speaker:x}{"a" * 127}\t{name}\tMột "hai\t\tmale_masculine\t\t\tvi'
            )
            files[f"vi/clips/{name}"] = None
    return files | {"vi/validated.tsv": lines(*rows)}


VCTK = [(s, n, m) for s in ("p225", "p226", "p227", "p228", "s5") for n in (1, 2)
        for m in (1, 2)]  # fmt: skip
TREES = {
    "librispeech": (librispeech_tree(), ["--valid-speakers", "2"]),
    "mini_librispeech": (
        {name.replace("test-clean", "dev-clean-2"): text
         for name, text in librispeech_tree().items()}
        | files_of("LibriSpeech/train-clean-5/{0}/7/{0}-7-{1}.flac",
                   *((s, n) for s in (2, 3) for n in (1, 2))),
        ["--valid-speakers", "2"],
    ),
    "cnceleb": (cnceleb_tree(), ["--valid-speakers", "1"]),
    "vivos": (
        two_parts("vivos/{0}/waves/{1}/{1}_R00{2}.wav",
                  ("VIVOSSPK01", "VIVOSSPK02", "VIVOSSPK03"), ("VIVOSDEV01",
                  "VIVOSDEV02")) | {"vivos/train/genders.txt": "VIVOSSPK01 m\n"},
        ["--valid-speakers", "2"],
    ),
    "vctk": (
        files_of("VCTK-Corpus-0.92/wav48_silence_trimmed/{0}/{0}_00{1}_mic{2}.flac",
                 *VCTK)
        | {"VCTK-Corpus-0.92/speaker-info.txt": lines(
            "ID  AGE  GENDER  ACCENTS  REGION COMMENTS",
            "p225  23  F    English    Southern  England", "s5  24  F  English  Oxford",
        )},
        ["--valid-speakers", "2"],
    ),
    "commonvoice": (commonvoice_tree(), ["--fewest", "2"]),
    "audiomnist": (audiomnist_tree(), ["--trials-per-speaker", "3"]),
    "an4": (
        two_parts("an4/wav/{0}/{1}/an25{2}-{1}-b.sph", ("fash", "mjgm", "fbbh"), ())
        | two_parts("an4/wav/{0}/{1}/cen{2}-{1}-b.sph", (), ("fcaw", "mmxg")),
        ["--valid-speakers", "2"],
    ),
}  # fmt: skip
TREES["an4"] = (
    {name.replace("/train/", "/an4_clstk/").replace("/test/", "/an4test_clstk/"): text
     for name, text in TREES["an4"][0].items()},
    TREES["an4"][1],
)  # fmt: skip


@pytest.mark.parametrize("corpus", TREES)
def test_a_tiny_release(corpus, tmp_path):
    files, options = TREES[corpus]
    source = write_tree(tmp_path / "source", files)
    inner = "vi" if corpus == "commonvoice" else ""
    manifests = run(corpus, source / inner, tmp_path / "out", "--partial", *options)
    speakers = speakers_of(manifests)
    assert set(speakers) == {"train", "valid", "test"}
    assert len(set.union(*speakers.values())) == sum(map(len, speakers.values()))
    rows = pd.concat(manifests.values())
    assert rows["ID"].is_unique and rows["stop"].gt(0).all()
    assert not rows["ID"].str.contains(r"[^\w/-]", regex=True).any()
    lists = sorted((tmp_path / "out/trials").iterdir())
    assert lists
    for path in lists:
        trials = read_trials(path)
        known = set(manifests["test"]["ID"])
        assert set(trials["enrol"]) | set(trials["test"]) <= known
        assert trials["target"].any() and not trials["target"].all()


@pytest.mark.parametrize("corpus", [name for name in TREES if name != "vctk"])
def test_other_counts_than_the_releases(corpus, tmp_path):
    files, options = TREES[corpus]
    if corpus == "commonvoice":
        pytest.skip("its size grows with every release")
    source = write_tree(tmp_path, files)
    with pytest.raises(UserError, match="the release .* --partial"):
        run(corpus, source, tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("corpus", [*TREES, "voxceleb", "himia", "aishell1", "musan"])
def test_a_wrong_source(corpus, tmp_path):
    with pytest.raises(UserError, match="--source"):
        run(corpus, tmp_path, tmp_path / "out", "--partial")
    with pytest.raises(UserError, match="--source: name the folder"):
        run(corpus, None, tmp_path / "out")


def test_librispeech_labels(tmp_path):
    files, options = TREES["librispeech"]
    source = write_tree(tmp_path, files) / "LibriSpeech"
    manifests = run(
        "librispeech", source, tmp_path / "out", "--partial", *options,
        "--train-parts", "train-clean-5", "train-clean-100", "--cohort-part",
        "train-clean-100",
    )  # fmt: skip
    assert len(manifests["train"]) + len(manifests["valid"]) == 8  # none twice
    assert len(manifests["cohort"]) == 8
    first = pd.concat(manifests.values()).set_index("ID").loc["1-10-0000"].iloc[0]
    assert first[["spk_id", "gender", "session"]].tolist() == ["1", "f", "10"]
    assert (tmp_path / "out/trials/test-clean-cross-session.txt").is_file()
    with pytest.raises(UserError, match="dev-other: no such part"):
        run("librispeech", source, tmp_path / "o", "--test-parts", "dev-other")


@pytest.fixture
def voxceleb(tmp_path, monkeypatch):
    """Both corpora, and a program in ffmpeg's place that prints a WAV file."""
    write_noise(tmp_path / "decoded.wav", 16000)
    program = tmp_path / "bin/ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec cat {tmp_path / 'decoded.wav'}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return write_tree(tmp_path / "source", voxceleb_tree())


def test_voxceleb_original_list(voxceleb, tmp_path, capsys):
    out = tmp_path / "out"
    manifests = run("voxceleb", voxceleb, out, "--partial", "--valid-speakers", "2")
    speakers = speakers_of(manifests)
    assert speakers["test"] == {"id10270", "id10271"}
    assert speakers["train"] | speakers["valid"] == {
        "id00012", "id00015", "id00016", "id00017",
    }  # fmt: skip
    trials = read_trials(out / "trials/vox1-O-clean.txt")
    assert trials["enrol"].tolist() == ["id10270/5r0dWxy17C8/00001"] * 2
    assert trials["target"].tolist() == [True, False]
    assert "2 trials, the original has 37611" in capsys.readouterr().out
    labels = pd.concat(manifests.values()).drop_duplicates("spk_id").set_index("spk_id")
    assert labels.loc["id10270", "gender"] == "f"
    assert labels.loc["id00012", "gender"] == "m"
    decoded = soundfile.info(manifests["train"]["wav"][0])
    assert decoded.format == "FLAC" and decoded.frames == 1600


def test_voxceleb_hard_list(voxceleb, tmp_path):
    with pytest.raises(UserError, match="train on vox2 alone"):
        run("voxceleb", voxceleb, tmp_path / "o", "--lists", "H", "--train", "vox1")
    manifests = run(
        "voxceleb", voxceleb, tmp_path / "out", "--partial", "--lists", "O-clean",
        "H-clean", "--valid-speakers", "2",
    )  # fmt: skip
    assert len(speakers_of(manifests)["test"]) == 4
    assert len(read_trials(tmp_path / "out/trials/vox1-H-clean.txt")) == 3
    with pytest.raises(UserError, match="list_test_all.txt: no such list; --download"):
        run("voxceleb", voxceleb, tmp_path / "o", "--partial", "--lists", "E")


def test_voxceleb_counts(voxceleb, tmp_path):
    with pytest.raises(
        UserError, match="vox1-test has 2 speakers and 4 .* 40 and 4874"
    ):
        run("voxceleb", voxceleb, tmp_path / "out")


def test_cnceleb_with_its_second_part(tmp_path):
    source = write_tree(tmp_path, cnceleb_tree())
    manifests = run(
        "cnceleb", source, tmp_path / "out", "--partial", "--valid-speakers", "1",
        "--train", "cnceleb1", "cnceleb2",
    )  # fmt: skip
    known = speakers_of(manifests)
    assert "id10000" in known["train"] | known["valid"]
    assert known["test"] == {"id00800", "id00801", "id00999"}
    trials = read_trials(tmp_path / "out/trials/cnceleb-eval.txt")
    assert trials["test"].tolist() == ["id00800-live-01-001"] * 2
    rows = pd.concat(manifests.values()).set_index("ID")
    assert rows.loc["id00000-singing-02-001", ["genre", "session"]].tolist() == [
        "singing", "singing-02",
    ]  # fmt: skip


def test_aishell_unpacks_its_speakers(tmp_path):
    speakers = {"train": ("S0002", "S0003", "S0004"), "dev": ("S0724", "S0725"),
                "test": ("S0764", "S0765")}  # fmt: skip
    wav = tmp_path / "source/data_aishell/wav"
    wav.mkdir(parents=True)
    for part, names in speakers.items():
        for name in names:
            inner = files_of(part + "/{0}/BAC009{0}W012{1}.wav", (name, 1), (name, 2))
            write_tree(tmp_path / name, inner)
            with tarfile.open(wav / f"{name}.tar.gz", "w:gz") as archive:
                archive.add(tmp_path / name / part, part)
    write_tree(
        tmp_path / "source/resource_aishell", {"speaker.info": "0002 M\n0003 F\n"}
    )
    for _ in range(2):  # the second time nothing is left to unpack
        manifests = run("aishell1", tmp_path / "source", tmp_path / "out", "--partial")
        assert {k: sorted(v) for k, v in speakers_of(manifests).items()} == {
            "train": list(speakers["train"]), "valid": list(speakers["dev"]),
            "test": list(speakers["test"]),
        }  # fmt: skip
    genders = manifests["train"].set_index("spk_id")["gender"]
    assert genders["S0002"].tolist() == ["m", "m"] and set(genders["S0004"]) == {""}


def test_himia(tmp_path):
    files = {}
    for part, speakers in (("train", (1, 2)), ("dev", (3, 4)), ("test", (5, 6))):
        names = [f"SV{s:04d}_2_00_F00{n}.wav" for s in speakers for n in (41, 42)]
        inner = "wav/" if part == "test" else "SPEECHDATA/"
        scp = "wav.scp" if part == "test" else f"SPEECHDATA/{part}.scp"
        files |= {f"{part}/{inner}x/{name}": None for name in names}
        files[f"{part}/{scp}"] = lines(*(f"x/{name}" for name in names))
    source = write_tree(tmp_path, files)
    manifests = run("himia", source, tmp_path / "out", "--partial")
    assert speakers_of(manifests)["test"] == {"SV0005", "SV0006"}
    assert len(read_trials(tmp_path / "out/trials/himia-all.txt")) == 6


def test_vctk_microphones(tmp_path):
    source = write_tree(tmp_path, TREES["vctk"][0])
    rows = [
        pd.concat(run("vctk", source, tmp_path / n, "--microphone", n).values())
        for n in "12"
    ]
    assert set(rows[0]["ID"]) == set(rows[1]["ID"])
    assert not set(rows[0]["wav"]) & set(rows[1]["wav"])
    labels = rows[0].set_index("ID").loc["p225_001", ["gender", "age", "accent"]]
    assert labels.tolist() == ["f", "23", "English"]


def test_sounds_for_augmentation(tmp_path):
    musan = ["music/fma/music-fma-0000", "noise/free-sound/noise-free-sound-0000",
             "speech/us-gov/speech-us-gov-0000"]  # fmt: skip
    source = write_tree(tmp_path, {f"musan/{name}.wav": None for name in musan})
    manifests = run("musan", source, tmp_path / "m", "--partial")
    assert set(manifests) == {"music", "speech", "noise"}
    assert manifests["noise"]["origin"].tolist() == ["free-sound"]
    rooms = [
        "simulated_rirs/smallroom/Room001/Room001-00001",
        "simulated_rirs/largeroom/Room001/Room001-00001",
        "real_rirs_isotropic_noises/air_type1_air_binaural_aula_carolina_1_1",
        "real_rirs_isotropic_noises/RVB2014_type1_noise_largeroom1_1",
        "pointsource_noises/noise-free-sound-0000",
        "README/x",
    ]
    write_tree(tmp_path, {f"RIRS_NOISES/{name}.wav": None for name in rooms})
    manifests = run("rirs_noises", source, tmp_path / "r", "--partial")
    assert {kind: len(rows) for kind, rows in manifests.items()} == {
        "simulated_rir": 2, "real_rir": 1, "isotropic_noise": 1, "point_noise": 1,
    }  # fmt: skip
    with pytest.raises(UserError, match="simulated_rir has .* the release"):
        run("rirs_noises", source, tmp_path / "r2")


def hash_files(folder):
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def make_espeak(out, *options):
    size = ("--speakers", "12", "--utterances", "6")
    return pd.concat(run("espeak", None, out, *size, *options).values())


@pytest.fixture(scope="module")
def espeak(tmp_path_factory):
    out = tmp_path_factory.mktemp("espeak")
    package = hash_files(espeakng_loader.get_data_path())
    manifest = make_espeak(out)
    assert hash_files(espeakng_loader.get_data_path()) == package
    return out, manifest


def test_espeak_speakers(espeak):
    out, manifest = espeak
    assert manifest.groupby("spk_id").size().eq(6).all()
    assert manifest.groupby("spk_id")["session"].nunique().eq(2).all()
    assert manifest.groupby("spk_id")["text"].nunique().eq(6).all()
    for label in ("gender", "accent", "language"):
        assert manifest.groupby("spk_id")[label].nunique().eq(1).all()
        assert manifest[label].nunique() > 1
    names = [set(read_manifest(path)["spk_id"]) for path in out.glob("*.csv")]
    assert len(set.union(*names)) == sum(map(len, names)) == 12
    assert all(len(own) >= 2 for own in names)


def test_espeak_audio(espeak):
    _, manifest = espeak
    for row in manifest.itertuples():
        samples, rate_hz = soundfile.read(row.wav)
        assert rate_hz == 16000 and len(samples) == row.stop
        assert row.duration == pytest.approx(len(samples) / rate_hz, abs=1e-3)
        level_db = 10 * np.log10(np.mean(samples**2))
        assert -35 < level_db < -12


def test_espeak_trials(espeak):
    out, manifest = espeak
    by_id = manifest.set_index("ID")
    n_test = len(read_manifest(out / "test.csv"))
    everything = read_trials(out / "trials/espeak-all.txt")
    assert len(everything) == n_test * (n_test - 1) // 2
    models = read_enrolment(out / "enrol/espeak-3-utterances.txt")
    for trial in read_trials(out / "trials/espeak-3-utterances.txt").itertuples():
        enrolled = by_id.loc[models[trial.enrol]]
        (speaker,) = set(enrolled["spk_id"])
        assert trial.target == (speaker == by_id.at[trial.test, "spk_id"])
        assert set(enrolled["session"]) == {"1"} and len(enrolled) == 3
        assert by_id.at[trial.test, "session"] == "2"


def test_espeak_follows_its_seed(espeak, tmp_path):
    out, _ = espeak
    make_espeak(tmp_path / "same")
    make_espeak(tmp_path / "other", "--seed", "7")
    assert hash_files(tmp_path / "same/wav") == hash_files(out / "wav")
    assert not set(hash_files(tmp_path / "other/wav")) & set(hash_files(out / "wav"))


def test_espeak_refuses_what_it_cannot_make(tmp_path):
    with pytest.raises(UserError, match="at least 12 speakers with 4 utterances"):
        run("espeak", None, tmp_path / "out", "--speakers", "3")


@pytest.fixture(params=[".WAV", ".flac", ".opus"])
def speechocean762(request, tmp_path):
    """A tiny tree in the layout of the speechocean762 release, or of a copy."""
    files = {}
    for part, first in (("train", 0), ("test", 100)):
        speakers = [f"{number:04d}" for number in range(first, first + 32)]
        names = [(s, f"0{s}000{n}") for s in speakers for n in range(2)]
        files |= {f"WAVE/SPEAKER{s}/{name}{request.param}": None for s, name in names}
        files |= {
            f"{part}/wav.scp": lines(
                *(f"{name}\tWAVE/SPEAKER{s}/{name}.WAV" for s, name in names)
            ),
            f"{part}/utt2spk": lines(*(f"{name} {s}" for s, name in names)),
            f"{part}/spk2gender": lines(
                *(f"{s}\t{'fm'[int(s) % 2]}" for s in speakers)
            ),
            f"{part}/spk2age": lines(*(f"{s} {6 + int(s) % 30}" for s in speakers)),
        }
    return write_tree(tmp_path / "source", files)


def test_speechocean762_in_all_forms(speechocean762, tmp_path):
    out = tmp_path / "out"
    manifests = run("speechocean762", speechocean762, out, "--partial")
    train, valid, test = (manifests[split] for split in ("train", "valid", "test"))
    assert len(train) == 2 * 17 and len(valid) == 2 * 15 and len(test) == 2 * 32
    assert not set(train["spk_id"]) & set(valid["spk_id"])
    share = valid.drop_duplicates("spk_id")["gender"].eq("f").mean()
    assert 0.4 <= share <= 0.6
    trials = read_trials(out / "trials/so762-all.txt")
    assert len(trials) == 64 * 63 // 2 and trials["target"].sum() == 32
    gender_of = test.set_index("ID")["gender"]
    same = read_trials(out / "trials/so762-same-gender.txt")
    sides = (gender_of[same[side]].to_numpy() for side in ("enrol", "test"))
    assert np.equal(*sides).all() and len(same) == 2 * (32 * 31 // 2)
    for path in speechocean762.glob("WAVE/SPEAKER0003/*"):
        path.unlink()
    with pytest.raises(UserError, match="wav.scp: '000030000': no file WAVE/"):
        run("speechocean762", speechocean762, out, "--partial")


def test_speechocean762_as_it_is(corpora, tmp_path):
    manifests = run("speechocean762", corpora / "speechocean762", tmp_path)
    counts = {split: len(rows) for split, rows in manifests.items()}
    assert counts == {"train": 2200, "valid": 300, "test": 2500}
    trials = read_trials(tmp_path / "trials/so762-all.txt")
    assert len(trials) == 3_123_750 and trials["target"].sum() == 23_750


def test_librispeech_as_it_is(corpora, tmp_path):
    manifests = run(
        "librispeech", corpora / "librispeech", tmp_path, "--partial", "--train-parts",
        "train-clean-5", "train-clean-100", "--test-parts", "test-other",
        "--cohort-part", "train-clean-100",
    )  # fmt: skip
    assert len(speakers_of(manifests)["cohort"]) == len(manifests["cohort"]) == 251
    assert not speakers_of(manifests)["test"] & speakers_of(manifests)["cohort"]
    trials = read_trials(tmp_path / "trials/test-other-all.txt")
    assert len(trials) == 4950 and trials["target"].sum() == 450


def test_every_recipe_is_complete():
    folders = [path.parent for path in ROOT.glob("recipes/*/prepare.py")]
    assert len(folders) > 15
    for folder in folders:
        for name in ("__init__.py", "run.sh", "README.md"):
            assert (folder / name).is_file(), f"{folder.name}/{name}"
