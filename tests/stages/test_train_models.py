"""Every model and every loss goes through training, export and extraction."""

import json

import numpy as np
import pandas as pd
import pytest

from local import embed_teacher, extract_embeddings, train
from local.setup import settings
from local.setup.hyperparameters import load_hyperparameters, resolved_text
from tests.conftest import ROOT
from tests.models.test_encoders import SMALL
from utils.data.manifest import write_manifest
from utils.embeddings.files import read_embeddings, write_embeddings
from utils.features.store import FeatureStore, FeatureWriter
from utils.runtime.errors import UserError
from utils.systems.system import open_system

BRIEF = {"epochs": 1, "epoch_crops": 64, "crop_frames": 40}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Features and a manifest of speakers that differ in their mean spectrum."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for split, n_speakers in (("train", 8), ("valid", 3)):
        (folder / "features" / split).mkdir(parents=True)
        with FeatureWriter(folder / "features" / split) as writer:
            for speaker in range(n_speakers):
                voice = rng.normal(0, 6, 32)
                for number in range(4):
                    row = {"ID": f"{split}{speaker}-{number}", "spk_id": f"{speaker}"}
                    feats = voice + rng.normal(0, 4, (rng.integers(30, 90), 32))
                    writer.add(row, feats.astype("f2"))
                    place = {"duration": 1.0, "wav": "x.wav", "start": 0, "stop": 16000}
                    rows.append(row | place)
    front_end = resolved_text(ROOT / "hparams" / "features.yaml", "n_mels: 32")
    (folder / "features" / "front_end.yaml").write_text(front_end)
    (folder / "features" / "skipped.txt").write_text("")
    rows = [row for row in rows if row["ID"].startswith("valid")]
    write_manifest(folder / "valid.csv", pd.DataFrame(rows))
    return folder


@pytest.fixture
def train_briefly(run_here, data, tmp_path):
    """Train a phase of a model for a few batches; return its log's last line."""

    def call(model, phase, *options, **values):
        net, values = SMALL[model] | {"embedding_dim": 16}, BRIEF | values
        words = [f"--hparams={ROOT}/hparams/train_{model}.yaml", "--precision=fp32"]
        words += ["--features", data / "features", "--out", tmp_path / phase]
        for section, replaced in (("net", net), (phase, values)):
            for key, value in replaced.items():
                words += [f"--{section}.{key}", json.dumps(value).strip('"')]
        run_here(train, phase, *words, *options)
        log = (tmp_path / phase / "log.jsonl").read_text().splitlines()
        return json.loads(log[-1])

    return call


@pytest.mark.parametrize("model", SMALL)
def test_every_model_trains_and_embeds(model, train_briefly, run_here, data, tmp_path):
    record = train_briefly(model, "pretrain", batch_size=16)
    assert record["epoch"] == 1 and np.isfinite(record["train_loss"])
    words = [tmp_path / "pretrain", data / "valid.csv", "--out", tmp_path / "valid"]
    told = run_here(extract_embeddings, *words, "--features", data / "features")
    assert told.startswith("12 embeddings of 16 dimensions")
    embeddings = np.load(tmp_path / "valid.npy")
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def names_of_losses():
    sizes = "{embedding_dim: 4, n_speakers: 3, epochs: 1}"
    losses = load_hyperparameters(ROOT / "hparams/pretrain.yaml", sizes)["losses"]
    return [*losses["on_outputs"], *losses["on_embeddings"]]


def test_the_settings_are_built_once(train_briefly, monkeypatch):
    n_built = []

    def count(*arguments, **options):
        n_built.append(1)
        return load(*arguments, **options)

    load = settings.load_hyperparameters
    monkeypatch.setattr(settings, "load_hyperparameters", count)
    train_briefly("lstm", "pretrain", batch_size=16)
    assert len(n_built) == 1


@pytest.mark.parametrize("loss", [*names_of_losses(), "softmax+0.5*ge2e"])
def test_every_loss_trains(loss, train_briefly):
    record = train_briefly(
        "lstm", "pretrain", loss=loss, batch_size=16, crops_per_speaker=2
    )
    assert np.isfinite(record["train_loss"]) and 0 < record["embedding_spread"] <= 1
    classifies = loss in ("softmax", "am", "aam") or "+" in loss
    assert ("train_accuracy" in record) == classifies
    if "+" in loss:
        total = record["loss_softmax"] + 0.5 * record["loss_ge2e"]
        assert record["train_loss"] == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize(
    "mining", ["history", "random", "semi_hard", "hard", "batch_all"]
)
def test_every_mining_trains(mining, train_briefly):
    record = train_briefly(
        "lstm", "triplet", mining=mining, n_triplets=8, random_epochs=0
    )
    assert np.isfinite(record["train_loss"]) and 0 <= record["active_triplets"] <= 1


@pytest.mark.parametrize(
    ("phase", "values", "message"),
    [
        ("pretrain", {"loss": "ge2e"}, "ge2e needs two crops or more of a speaker"),
        ("pretrain", {"loss": "ge3e"}, "no loss 'ge3e'; there are softmax, am"),
        ("triplet", {"mining": "soft"}, "no mining 'soft'; there are batch_all"),
        (
            "pretrain",
            {"loss": "ge2e", "batch_size": 16, "crops_per_speaker": 9},
            "16 crops cannot be shared by two speakers or more with 9 each",
        ),
    ],
)
def test_mistakes_are_told(phase, values, message, train_briefly):
    with pytest.raises(UserError, match=message):
        train_briefly("lstm", phase, **values)


def test_the_margin_grows_with_the_training():
    values = "{embedding_dim: 4, n_speakers: 3, epochs: 1, margin: 0.4, "
    values += "margin_start: 0.25, margin_end: 0.75}"
    phase = load_hyperparameters(ROOT / "hparams/pretrain.yaml", values)
    loss, margins = phase["heads"]["loss"].terms["aam"], []
    for progress in (0.0, 0.25, 0.5, 0.75, 1.0):
        for follow in phase["on_progress"]:
            follow(progress)
        margins.append(loss.margin)
    assert margins == pytest.approx([0.0, 0.0, 0.2, 0.4, 0.4])


@pytest.mark.parametrize("loss", ["softmax", "ge2e"])
def test_only_a_comparison_is_stopped_when_it_collapses(loss, train_briefly):
    values = {"loss": loss, "batch_size": 16, "crops_per_speaker": 2, "min_spread": 2.0}
    if loss == "softmax":
        assert train_briefly("lstm", "pretrain", **values)["embedding_spread"] < 2.0
        return
    with pytest.raises(UserError, match="the embeddings have collapsed"):
        train_briefly("lstm", "pretrain", **values)


@pytest.fixture
def teacher(data, tmp_path):
    """Embeddings of the training utterances: the same of all of a speaker's."""
    store = FeatureStore(data / "features" / "train")
    names = store.index["ID"].to_numpy()
    voices = np.linalg.qr(np.random.default_rng(1).standard_normal((16, 16)))[0]
    vectors = voices[store.index["spk_id"].astype(int)]
    write_embeddings(tmp_path / "teacher", names, vectors)
    return tmp_path / "teacher"


def test_a_student_follows_its_teacher(train_briefly, teacher):
    values = {"batch_size": 16, "epochs": 6, "loss": "teacher+relations+0.1*aam"}
    record = train_briefly("rescnn", "distil", "--teacher", teacher, **values)
    log = (teacher.parent / "distil" / "log.jsonl").read_text().splitlines()
    first = json.loads(log[1])
    assert record["loss_teacher"] < 0.8 * first["loss_teacher"]
    assert record["loss_relations"] < first["loss_relations"]
    described = json.loads((teacher.parent / "distil/experiment.json").read_text())
    assert described["teacher"] == str(teacher)
    assert described["kept_epoch"] == 6  # the last: the rate has fallen to nothing


def test_a_student_learns_of_two_voices_in_a_crop(train_briefly, teacher):
    words = ["rescnn", "distil", "--teacher", teacher]
    values = {"batch_size": 16, "epochs": 6, "mixed_share": 0.5}
    record = train_briefly(*words, loss="4*teacher+0.1*aam", **values)
    log = (teacher.parent / "distil" / "log.jsonl").read_text().splitlines()
    assert record["loss_teacher"] < 0.9 * json.loads(log[1])["loss_teacher"]
    with pytest.raises(UserError, match="compares crops of one voice; set mixed_share"):
        train_briefly(*words, loss="teacher+ge2e", crops_per_speaker=2, **values)


def test_what_is_kept_has_a_name(train_briefly):
    with pytest.raises(UserError, match="pretrain.keep is best or last, not 'first'"):
        train_briefly("rescnn", "pretrain", batch_size=16, keep="first")


def test_a_student_needs_its_teacher(train_briefly):
    with pytest.raises(UserError, match=r"follows a teacher; name its embeddings by"):
        train_briefly("rescnn", "distil", batch_size=16)


def test_other_phases_follow_no_teacher(train_briefly, teacher):
    with pytest.raises(UserError, match="--teacher: this phase follows none; train"):
        train_briefly("rescnn", "pretrain", "--teacher", teacher, batch_size=16)


def test_a_teacher_hears_what_is_stored(run_here, data, train_briefly, tmp_path):
    train_briefly("rescnn", "pretrain", batch_size=16)
    words = ["--features", data / "features", "--out", tmp_path / "said"]
    told = run_here(embed_teacher, tmp_path / "pretrain", *words)
    assert told.startswith("32 embeddings of ")
    ids, embeddings = read_embeddings(tmp_path / "said")
    store = FeatureStore(data / "features" / "train")
    assert ids == store.index["ID"].tolist()
    system = open_system(tmp_path / "pretrain")
    np.testing.assert_allclose(embeddings, system.embed_stored(store), atol=1e-6)


def test_a_teacher_with_another_front_end_needs_the_audio(
    run_here, data, train_briefly, tmp_path
):
    train_briefly("rescnn", "pretrain", batch_size=16)
    front_end = tmp_path / "pretrain" / "front_end.yaml"
    text = front_end.read_text(encoding="utf-8")
    assert "normalisation: mean" in text
    front_end.write_text(text.replace("normalisation: mean", "normalisation: none"))
    words = [tmp_path / "pretrain", "--features", data / "features"]
    words += ["--out", tmp_path / "said"]
    with pytest.raises(UserError, match="another front-end than .*by --manifest"):
        run_here(embed_teacher, *words)
    with pytest.raises(UserError, match="the manifest has no utterance 'train0-0'"):
        run_here(embed_teacher, *words, "--manifest", data / "valid.csv")
