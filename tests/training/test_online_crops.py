import sys

import numpy as np
import pandas as pd
import pytest

from local.compute_features import main as compute_features
from local.setup.hyperparameters import load_hyperparameters
from local.train import main as train
from tests.features.corruption import corruption
from utils.data.manifest import write_manifest
from utils.features.augment import Noise
from utils.features.sources import read_sources
from utils.features.store import FeatureStore
from utils.runtime.errors import UserError
from utils.training.crops import Crop, CropDataset
from utils.training.online_crops import OnlineCropDataset


@pytest.fixture
def data(tmp_path, write_wav, speech_like, rng, root, monkeypatch):
    """Audio of four speakers, and its features with copies at another speed."""
    for split in ("train", "valid", "test"):
        rows = []
        for speaker in "abcd":
            for number in range(2):
                name = f"{split}-{speaker}-{number}"
                noisy = speech_like + 0.01 * rng.standard_normal(len(speech_like))
                path = write_wav(f"{name}.wav", noisy)
                rows.append(
                    {"ID": name, "duration": 2.0, "wav": str(path), "start": 0,
                     "stop": 32000, "spk_id": f"{split}-{speaker}"}
                )  # fmt: skip
        write_manifest(tmp_path / "data" / f"{split}.csv", pd.DataFrame(rows))
    monkeypatch.chdir(root)
    words = [tmp_path / "data", "--out", tmp_path / "features"]
    words += ["--augment", "hparams/augment.yaml"]
    monkeypatch.setattr(sys, "argv", ["compute_features", *map(str, words)])
    compute_features()
    return tmp_path


@pytest.fixture
def parts(data, root):
    """Clean crops of the stored features, manifest, front-end and sources."""
    store = FeatureStore(data / "features" / "train")
    labels = np.unique(store.index["spk_id"], return_inverse=True)[1]
    manifest = pd.read_csv(data / "data" / "train.csv")
    front_end = load_hyperparameters(root / "hparams" / "features.yaml")["front_end"]
    sources = read_sources([], 16000, manifest)
    return CropDataset(store, labels, crop_frames=40), manifest, front_end, sources


NOTHING = corruption()
BABBLE = corruption(
    [Noise("speech", 1.0, (0, 5), (2, 4))], reverberation_probability=0.5
)


def test_without_corruption_it_is_what_is_stored(parts):
    clean, manifest, front_end, sources = parts
    online = OnlineCropDataset(clean, manifest, front_end, NOTHING, sources, 0.0)
    n_compared = 0
    for place, name in enumerate(clean.store.index["ID"]):
        if "noisy" in name:
            continue
        for start in (0, 17):
            stored, label, _ = clean[Crop(place, start)]
            computed, same_label, _ = online[Crop(place, start, seed=5)]
            np.testing.assert_allclose(computed, stored, atol=0.02)
            assert label == same_label
            n_compared += 1
    assert n_compared == 2 * 8 * 3  # three speeds of eight utterances


def test_a_crop_depends_on_its_seed_alone(parts):
    clean, *rest, sources = parts
    online = OnlineCropDataset(clean, *rest, BABBLE, sources, 0.0)
    first, again, other = (online[Crop(3, 5, seed)][0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, clean[Crop(3, 5)][0])


def test_some_crops_stay_clean(parts):
    clean, *rest, sources = parts
    online = OnlineCropDataset(clean, *rest, BABBLE, sources, clean_share=0.5)
    is_clean = [
        np.array_equal(online[Crop(0, 5, seed)][0], clean[Crop(0, 5)][0])
        for seed in range(40)
    ]
    assert 8 < sum(is_clean) < 32


def test_a_manifest_of_other_audio(parts):
    clean, manifest, front_end, sources = parts
    with pytest.raises(
        UserError, match="no utterance 'train-a-0'; give that of training"
    ):
        OnlineCropDataset(clean, manifest.iloc[1:], front_end, BABBLE, sources, 0.0)


def test_what_a_version_was_made_of_is_read_and_not_guessed(parts):
    clean, manifest, *rest = parts
    index = clean.store.index
    assert sorted(set(index["speed"])) == [0.9, 1.0, 1.1]
    is_slow = index["speed"] == 0.9
    assert (is_slow == index["ID"].str.contains("-sp0.9")).all()
    # other names for the same versions change nothing
    before = OnlineCropDataset(clean, manifest, *rest[:1], NOTHING, rest[1], 0.0)
    row = int(np.flatnonzero(is_slow)[0])
    expected = before[Crop(row, 3, seed=5)][0]
    index["ID"] = [f"x-sp0.7-{number}" for number in range(len(index))]
    index["spk_id"] = "someone-sp1.3"
    after = OnlineCropDataset(clean, manifest, *rest[:1], NOTHING, rest[1], 0.0)
    np.testing.assert_array_equal(after[Crop(row, 3, seed=5)][0], expected)


def test_an_index_of_an_earlier_version(parts):
    clean, manifest, *rest = parts
    del clean.store.index["speed"]
    with pytest.raises(UserError, match="no columns utterance and speed; run stage 2"):
        OnlineCropDataset(clean, manifest, *rest[:1], NOTHING, rest[1], 0.0)


def test_training_on_corrupted_crops(data, monkeypatch, capsys):
    words = [
        "train", "pretrain", "--hparams", "hparams/sizes/rescnn_small.yaml",
        "--features", data / "features", "--out", data / "out", "--nj", "1",
        "--augment", "hparams/augment.yaml", "--manifest", data / "data" / "train.csv",
        "--precision", "fp32", "--net.width", "4", "--net.n_blocks", "1",
        "--pretrain.epochs", "1", "--pretrain.epoch_crops", "32",
        "--pretrain.batch_size", "16", "--pretrain.crop_frames", "40",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    train()
    assert "best epoch" in capsys.readouterr().out
