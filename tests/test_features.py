import numpy as np
import pandas as pd
import pytest

from local.hyperparameters import load_hyperparameters
from utils.augment import (
    Copies,
    Corruption,
    add_noise,
    change_speed,
    coloured_noise,
    room_response,
)
from utils.errors import UserError
from utils.feature_extraction import FeatureExtractor
from utils.features import FeatureStore, FeatureWriter, read_skipped, write_skipped


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


def test_skipped_utterances_are_recorded(tmp_path):
    assert read_skipped(tmp_path) == set()
    write_skipped(tmp_path, [("a 1", UserError("x")), ("b", UserError("y"))])
    assert read_skipped(tmp_path) == {"a 1", "b"}


def test_noise_has_the_wanted_ratio(rng):
    clean, noise = rng.standard_normal(16000), rng.standard_normal(16000)
    for snr_db in (-5, 0, 20):
        added = add_noise(clean, noise, snr_db) - clean
        ratio_db = 10 * np.log10(np.mean(clean**2) / np.mean(added**2))
        assert ratio_db == pytest.approx(snr_db, abs=1e-3)


def test_coloured_noise_has_the_wanted_slope(rng):
    for slope in (0.0, 1.0, 2.0):
        power = np.abs(np.fft.rfft(coloured_noise(2**17, slope, rng))) ** 2
        octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(6, 15)]
        fall_per_octave = np.polyfit(range(9), np.log2(octaves), 1)[0]
        assert fall_per_octave == pytest.approx(-slope, abs=0.15)


def test_a_room_decays_by_60_db(rng):
    response = room_response(0.4, 16000, rng)
    energy = np.cumsum((response[1:] ** 2)[::-1])[::-1]  # Schroeder integral
    decay_db = 10 * np.log10(energy / energy[0])
    # 30 dB are reached at half the reverberation time
    assert np.argmax(decay_db < -30) / 16000 == pytest.approx(0.2, abs=0.03)


def test_speed_moves_the_pitch():
    tone = np.sin(2 * np.pi * 400 * np.arange(16000) / 16000).astype("f4")
    fast = change_speed(tone, 1.1)
    peak_hz = np.abs(np.fft.rfft(fast)).argmax() * 16000 / len(fast)
    assert peak_hz == pytest.approx(440, abs=2)


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
    copies = Copies([1.0, 0.9], 1, Corruption((5, 20), 0.5, 2, 0.5, (0.1, 0.3)))
    extract = FeatureExtractor(front_end, copies, manifest, seed=3)
    first = extract(manifest.iloc[0].to_dict())
    again = extract(manifest.iloc[0].to_dict())
    rows = [row for row, _ in first]
    names = ["a-0", "a-0-noisy1", "a-0-sp0.9"]
    assert [row["ID"] for row in rows] == names
    assert [row["spk_id"] for row in rows] == ["a", "a", "a-sp0.9"]
    assert {row["origin"] for row in rows} == {"a"}
    assert rows[0]["segments"] == rows[1]["segments"]  # speech of the clean copy
    for (_, features), (_, repeated) in zip(first, again, strict=True):
        np.testing.assert_array_equal(features, repeated)
    assert not np.array_equal(first[0][1], first[1][1])


def test_a_bad_file_is_returned_as_a_fault(root, manifest):
    front_end = load_hyperparameters(root / "hparams" / "features.yaml")["front_end"]
    row = manifest.iloc[0].to_dict() | {"wav": "absent.wav"}
    assert isinstance(FeatureExtractor(front_end)(row), UserError)
