"""Every recipe on a tiny tree of its release's layout, and two on the real thing."""

import itertools
import tarfile

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.conftest import ROOT
from tests.releases import TREES, cnceleb_tree, files_of, run, voxceleb_tree
from tests.trees import lines, write_noise, write_tree
from utils.data.manifest import read_manifest
from utils.runtime.errors import UserError
from utils.trials.lists import read_trials
from utils.validation.manifests import read_raw_manifests


def speakers_of(manifests):
    return {split: set(rows["spk_id"]) for split, rows in manifests.items()}


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


def himia_files(*endings):
    """Two speakers in each part, with files of these names after the speaker's."""
    files = {}
    for part, speakers in (("train", (1, 2)), ("dev", (3, 4)), ("test", (5, 6))):
        inner = "wav/" if part == "test" else "SPEECHDATA/"
        scp = "wav.scp" if part == "test" else f"SPEECHDATA/{part}.scp"
        names = [f"x/SV{s:04d}_{ending}.wav" for s in speakers for ending in endings]
        files |= {f"{part}/{inner}{name}": None for name in names}
        files[f"{part}/{scp}"] = lines(*names)
    return files


def test_himia(tmp_path):
    source = write_tree(tmp_path, himia_files("2_00_F0041", "2_00_F0042"))
    manifests = run("himia", source, tmp_path / "out", "--partial")
    assert speakers_of(manifests)["test"] == {"SV0005", "SV0006"}
    assert len(read_trials(tmp_path / "out/trials/himia-all.txt")) == 6


def test_himia_lists_stand_for_every_channel(tmp_path):
    files = himia_files("2_00_F0041", "2_01_F0041", "7_01_F0041")
    files["test/trials_1m"] = lines(
        "SV0005_2_{}_F0041.wav SV0006_2_{}_F0041.wav nontarget",
        "SV0005_7_01_F0041.wav SV0005_2_{}_F0041.wav target",
    )
    files["test/trials_mic"] = lines(
        "SV0005_7_01_F0041.wav SV0006_7_01_F0041.wav nontarget",
        "SV0006_7_01_F0041.wav SV0006_2_{}_F0041.wav target",
    )
    run("himia", write_tree(tmp_path, files), tmp_path / "out", "--partial")
    found = {
        name: sorted(read_trials(tmp_path / f"out/trials/himia-{name}.txt")["test"])
        for name in ("1m", "mic")
    }
    far = [f"SV{s:04d}_2_{c}_F0041" for s in (5, 6) for c in ("00", "01")]
    assert found == {"1m": far, "mic": [*far[2:], "SV0006_7_01_F0041"]}


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
    assert manifests["noise"]["folder"].tolist() == ["free-sound"]
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


@pytest.mark.slow
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


def test_wuw_lists(tmp_path):
    """By brute force: who called when, from which kind of telephone."""
    files, options = TREES["wuw"]
    source = write_tree(tmp_path / "source", files)
    run("wuw", source, tmp_path / "out", "--partial", *options)
    rows = read_manifest(tmp_path / "out/test.csv").set_index("ID")
    expected = {name: set() for name in ("cross-call", "same-phone", "other-phone",
                                         "same-call")}  # fmt: skip
    for one, other in itertools.combinations(sorted(rows.index), 2):
        left, right = rows.loc[one], rows.loc[other]
        is_target = left["spk_id"] == right["spk_id"]
        phone = "same" if left["channel"] == right["channel"] else "other"
        if left["session"] != right["session"]:
            expected["cross-call"].add((one, other, is_target))
            expected[f"{phone}-phone"].add((one, other, is_target))
        if left["session"] == right["session"] or not is_target:
            expected["same-call"].add((one, other, is_target))
    for name, pairs in expected.items():
        trials = read_trials(tmp_path / f"out/trials/wuw-{name}.txt")
        assert set(trials.itertuples(index=False, name=None)) == pairs


def test_wuw_as_it_is(corpora, tmp_path):
    manifests = run("wuw", corpora / "wuw", tmp_path)
    counts = {split: len(rows) for split, rows in manifests.items()}
    assert counts == {"train": 216, "valid": 49, "test": 405}
    sizes = {}
    for path in (tmp_path / "trials").iterdir():
        target = read_trials(path)["target"]
        sizes[path.stem] = target.sum(), (~target).sum()
    assert sizes["wuw-cross-call"] == (3325, 77675)
    assert sizes["wuw-same-call"] == (810, 77675)
    halves = sizes["wuw-same-phone"], sizes["wuw-other-phone"]
    assert tuple(map(sum, zip(*halves, strict=True))) == sizes["wuw-cross-call"]


def test_several_corpora_as_one(speechocean762, tmp_path):
    source, out = speechocean762.parent, tmp_path / "out"
    speechocean762.rename(source / "speechocean762")
    for corpus in ("wuw", "librispeech"):
        write_tree(source / corpus, TREES[corpus][0])
    manifests = run("general", source, out, "--partial", "--valid-speakers", "2")
    assert set(manifests) == {"train", "valid"}
    speakers = set(pd.concat(manifests.values())["spk_id"])
    for corpus in ("speechocean762", "wuw", "librispeech"):
        options = TREES.get(corpus, ({}, []))[1]
        alone = run(corpus, source / corpus, out / corpus, "--partial", *options)
        tested = set(f"{corpus}-" + alone["test"]["spk_id"])
        assert tested and not tested & speakers
        assert any(name.startswith(corpus) for name in speakers)
    _, findings = read_raw_manifests(out)
    assert not findings


def test_every_recipe_is_complete():
    folders = [path.parent for path in ROOT.glob("recipes/*/prepare.py")]
    assert len(folders) > 15
    for folder in folders:
        for name in ("__init__.py", "run.sh", "README.md"):
            assert (folder / name).is_file(), f"{folder.name}/{name}"
