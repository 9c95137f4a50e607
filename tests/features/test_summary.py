import json

import pytest

from utils.features.summary import STATISTICS, describe, read_silent, summarise


def row(name, n_frames, n_total, level_db=-20.0):
    return {
        "ID": name, "spk_id": "s", "n_frames": n_frames, "n_total": n_total,
        "segments": f"0-{n_frames}" if n_frames else "", "level_db": level_db,
    }  # fmt: skip


ROWS = [
    row("usual", 700, 1000), row("short", 300, 300), row("throughout", 4500, 4500),
    row("nowhere", 5, 4500), row("quiet", 70, 100, -61.0),
]  # fmt: skip


def test_oddities_are_named(tmp_path):
    counts = summarise(ROWS)
    assert counts["odd_share"] == ["throughout", "nowhere"]
    assert counts["silent"] == ["quiet"]
    assert counts["frames"] == 10400 and counts["speech_frames"] == 5575
    text = "\n".join(describe("test", counts))
    assert "  test: 5 utterances of 1 speakers, 54% speech" in text
    assert "2 utterances of test are speech throughout or almost nowhere" in text
    (tmp_path / STATISTICS).write_text(json.dumps({"test": counts}))
    assert read_silent(tmp_path) == ["quiet"]


@pytest.mark.parametrize(
    ("rows", "finds_pauses"), [(ROWS[:2], True), (ROWS[:4], False)]
)
def test_usual_recordings_are_not_warned_of(rows, finds_pauses):
    assert len(describe("test", summarise(rows, finds_pauses))) == 1
