import numpy as np
import pandas as pd
import pytest

from local.setup.hyperparameters import load_hyperparameters
from tests.features.corruption import corruption
from utils.audio.voices import RandomVoices
from utils.features.augment import AugmentedCopies, Noise
from utils.features.extraction import FeatureExtractor
from utils.features.sources import read_sources
from utils.features.store import FeatureStore, FeatureWriter
from utils.runtime.errors import UserError


def test_shards_give_back_what_was_written(tmp_path, rng):
    written = {f"u{n}": rng.standard_normal((n + 1, 4)).astype("f2") for n in range(20)}
    with FeatureWriter(tmp_path, shard_frames=50) as writer:
        for name, features in written.items():
            writer.add({"ID": name, "spk_id": "s"}, features)
    store = FeatureStore(tmp_path)
    assert len(store.shards) > 2
    assert all(isinstance(shard, np.memmap) for shard in store.shards)
    for name, features in written.items():
        np.testing.assert_array_equal(store.frames(name), features)
    np.testing.assert_array_equal(store.slice(9, 3, 4), written["u9"][3:7])
    np.testing.assert_array_equal(store.rows(["u5", "u0"]), [5, 0])
    with pytest.raises(UserError, match="no features of 'absent'"):
        store.rows(["u1", "absent"])


def test_a_failed_write_leaves_no_index(tmp_path):
    with pytest.raises(RuntimeError), FeatureWriter(tmp_path):
        raise RuntimeError
    with pytest.raises(UserError, match="no such features; run stage 2"):
        FeatureStore(tmp_path)


@pytest.fixture
def manifest(write_wav, speech_like) -> pd.DataFrame:
    rows = []
    for speaker in "ab":
        for number in range(2):
            path = write_wav(f"{speaker}{number}.wav", speech_like)
            rows.append(
                {"ID": f"{speaker}-{number}", "duration": 2.0, "wav": str(path),
                 "start": 0, "stop": len(speech_like), "spk_id": speaker}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_copies_are_named_and_repeatable(root, manifest):
    front_end = load_hyperparameters(root / "hparams" / "features.yaml")["front_end"]
    babble = Noise("speech", weight=1.0, snr_db=(5, 20), n_mixed=(2, 3))
    corrupted = corruption([babble], reverberation_probability=0.5)
    voices = RandomVoices(1, (0.9, 0.9), (1.1, 1.1), 0.0)
    copies = AugmentedCopies([1.0, 0.9], 1, [1.0, 0.9], voices, corrupted)
    sources = read_sources([], 16000, manifest)
    extract = FeatureExtractor(front_end, copies, sources, seed=3)
    first = extract(manifest.iloc[0].to_dict())
    again = extract(manifest.iloc[0].to_dict())
    rows = [row for row, _ in first]
    suffixes = ["", "-sp0.9", "-v1"]
    names = [f"a-0{own}{noisy}" for own in suffixes for noisy in ("", "-noisy1")]
    assert [row["ID"] for row in rows] == names
    assert [row["spk_id"] for row in rows] == [
        f"a{own}" for own in np.repeat(suffixes, 2)
    ]
    assert {row["origin"] for row in rows} == {"a"}
    assert {row["utterance"] for row in rows} == {"a-0"}
    assert [row["speed"] for row in rows] == [1.0, 1.0, 0.9, 0.9, 0.9, 0.9]
    assert [row["formants"] for row in rows] == [""] * 4 + ["1.1 1.1 1.1 1.1"] * 2
    assert rows[0]["segments"] == rows[1]["segments"]  # speech of the clean copy
    assert len(first[3][1]) == len(first[2][1])  # as slow as what it corrupts
    for (_, features), (_, repeated) in zip(first, again, strict=True):
        np.testing.assert_array_equal(features, repeated)
    assert not np.array_equal(first[0][1], first[1][1])


def test_a_bad_file_is_returned_as_a_fault(root, manifest):
    front_end = load_hyperparameters(root / "hparams" / "features.yaml")["front_end"]
    row = manifest.iloc[0].to_dict() | {"wav": "absent.wav"}
    assert isinstance(FeatureExtractor(front_end)(row), UserError)


def test_averages_are_those_of_what_is_not_yet_normalised(root, manifest, tmp_path):
    path = root / "hparams" / "features.yaml"
    kinds = ("mean", "level", "none")
    averages, levels = {}, {}
    for kind in kinds:
        front_end = load_hyperparameters(path, f"normalisation: {kind}")["front_end"]
        (tmp_path / kind).mkdir()
        with FeatureWriter(tmp_path / kind) as writer:
            for row in manifest.to_dict("records"):
                writer.add(*FeatureExtractor(front_end)(row)[0])
        store = FeatureStore(tmp_path / kind)
        averages[kind] = store.averages(["b-1", "a-0"])
        levels[kind] = store.frames("b-1").astype(np.float64)
    for kind in kinds:
        np.testing.assert_array_equal(averages[kind], averages["mean"])
    frames = levels["level"]  # its mean over time and channels is 0 already
    changes = frames[1:] - frames[:-1]
    expected = np.hstack([frames.mean(0), frames.std(0), changes.std(0)])
    np.testing.assert_allclose(averages["mean"][0], expected, atol=0.02)


def test_features_without_averages_say_so(tmp_path):
    with FeatureWriter(tmp_path) as writer:
        writer.add({"ID": "a", "spk_id": "s"}, np.ones((2, 3), np.float16))
    with pytest.raises(ValueError, match="make the features again"):
        FeatureStore(tmp_path).averages(["a"])
