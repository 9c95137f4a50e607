"""What decides an output is in its fingerprint: nothing stale is 'up to date'."""

import os

import pytest

from tests.stages.scripts import ROOT, UTILS, bash
from tests.trees import lines, write_noise, write_tree

FOLDER_SCRIPT = f"""#!/usr/bin/env bash
set -euo pipefail
stage=0 stop_stage=9 force=false
. "{UTILS}/stages.sh"
if stage 1 "folder"; then step out source -- touch out; fi
end_stages
"""


def change(path, old, new):
    """Change a file without changing its size; the time is put back."""
    before = path.stat()
    content = path.read_bytes()
    assert old in content and len(old) == len(new)
    path.write_bytes(content.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def is_repeated(tmp_path):
    """Tell whether a step runs again that reads a folder."""
    write_tree(
        tmp_path / "source",
        {"spk2gender": "a m\nb f\n", "deep/utt2spk": "u a\n", "u.wav": None},
    )
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/list").write_text("x 1\n")
    (tmp_path / "source/more").symlink_to(tmp_path / "linked")
    script = tmp_path / "script.sh"
    script.write_text(FOLDER_SCRIPT)

    def run():
        result = bash(script, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        return "stage 1 done" in result.stdout

    assert run() and not run()
    return run


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("spk2gender", b"a m", b"a f"), ("deep/utt2spk", b"u a", b"u b"),
     ("more/list", b"1", b"2")],
)  # fmt: skip
def test_lists_of_equal_size(name, old, new, is_repeated, tmp_path):
    change(tmp_path / "source" / name, old, new)
    assert is_repeated() and not is_repeated()


def test_audio_of_equal_size(is_repeated, tmp_path):
    path = tmp_path / "source/u.wav"
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x02")
    assert is_repeated() and not is_repeated()


def test_files_that_come_and_go(is_repeated, tmp_path):
    path = tmp_path / "source/v.wav"
    path.write_bytes((tmp_path / "source/u.wav").read_bytes())
    assert is_repeated()
    path.rename(path.with_name("w.wav"))
    assert is_repeated()
    path.with_name("w.wav").unlink()
    assert is_repeated() and not is_repeated()


@pytest.fixture
def prepare(tmp_path):
    """Run stage 1 of a corpus; tells whether its manifests are made again."""
    for name in ("a1", "a2", "b1", "b2", "c2"):
        write_noise(tmp_path / f"audio/{name}.wav", 16000, 16000)
    rows = [f"{name},audio/{name}.wav,{name[0]}" for name in ("a1", "a2", "b1", "b2")]
    trials = lines("a1 a2 target", "a1 b1 nontarget")
    files = {"list.csv": lines("ID,wav,speaker", *rows), "trials.txt": trials}
    kaldi = {
        "wav.scp": lines(*(f"{n} cat {tmp_path}/audio/{n}.wav |" for n in ("a1", "a2")),
                         *(f"{n} {tmp_path}/audio/{n}.wav" for n in ("b1", "b2"))),
        "utt2spk": lines("a1 a", "a2 a", "b1 b", "b2 b"),
        "spk2gender": lines("a m", "b f"), "trials": trials,
    }  # fmt: skip
    write_tree(
        tmp_path, files | {f"kaldi/{name}": text for name, text in kaldi.items()}
    )

    def run(corpus, source):
        words = ["--corpus", corpus, "--source", source, "--env", "none"]
        words += ["--stop-stage", "1", "--data", "data", "--exp", "exp"]
        options = "--extract-only" + " --allow-commands" * (corpus == "kaldi")
        words += ["--prepare-options", options]
        result = bash(ROOT / "run.sh", *words, cwd=tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        return "manifests are in" in result.stdout

    return run


def rewrite(path):
    write_noise(path, 16000, 16000)
    content = bytearray(path.read_bytes())
    content[-2:] = b"\x05\x06"
    path.write_bytes(content)


CHANGES = {
    "changed audio under the same table": ("csv", "list.csv", lambda folder: rewrite(
        folder / "audio/a1.wav")),
    "audio that is gone and back": ("csv", "list.csv", lambda folder: os.utime(
        folder / "audio/b2.wav", (1, 1))),
    "a trial list beside the table": ("csv", "list.csv", lambda folder: change(
        folder / "trials.txt", b"a1 b1", b"a1 b2")),
    "a speaker's gender": ("kaldi", "kaldi", lambda folder: change(
        folder / "kaldi/spk2gender", b"a m", b"a f")),
    "an utterance's speaker": ("kaldi", "kaldi", lambda folder: change(
        folder / "kaldi/utt2spk", b"b1 b", b"b1 c")),
    "audio outside of the data directory": ("kaldi", "kaldi", lambda folder: rewrite(
        folder / "audio/b1.wav")),
    "what a command reads": ("kaldi", "kaldi", lambda folder: rewrite(
        folder / "audio/a1.wav")),
    "a corrected command": ("kaldi", "kaldi", lambda folder: change(
        folder / "kaldi/wav.scp", b"/a2.wav |", b"/c2.wav |")),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_manifests_are_made_again(name, prepare, tmp_path):
    corpus, source, change_one = CHANGES[name]
    assert prepare(corpus, tmp_path / source)
    before = {path: path.read_bytes() for path in (tmp_path / "data/wav").glob("*")}
    change_one(tmp_path)
    assert prepare(corpus, tmp_path / source)
    made = {path: path.read_bytes() for path in (tmp_path / "data/wav").glob("*")}
    assert (made != before) == ("command" in name)
    if name == "a speaker's gender":
        assert not prepare(corpus, tmp_path / source)
