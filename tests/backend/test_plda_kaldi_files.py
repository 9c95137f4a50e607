import numpy as np
import pytest

from utils.backend.plda.kaldi_files import read_kaldi_plda, write_kaldi_plda
from utils.backend.plda.model import Plda
from utils.backend.vectors import length_normalise
from utils.metrics.detection import equal_error_rate
from utils.runtime.errors import UserError


@pytest.fixture
def model(rng):
    psi = np.sort(rng.random(4))[::-1]
    return Plda(rng.standard_normal(4), rng.standard_normal((4, 4)), psi)


@pytest.mark.parametrize("text", [False, True])
def test_both_forms_come_back_exactly(tmp_path, model, text):
    write_kaldi_plda(tmp_path / "plda", model, text)
    assert (tmp_path / "plda").read_bytes().startswith(b"<Plda>" if text else b"\0B")
    found = read_kaldi_plda(tmp_path / "plda")
    for name in ("mean", "transform", "psi"):
        np.testing.assert_array_equal(getattr(found, name), getattr(model, name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no <Plda> and </Plda>"),
        (b"\0B<Nnet> ", "no <Plda>"),
        (b"\0B<Plda> DV \4\x09\0\0\0", "no PLDA of Kaldi"),
        (b"<Plda> [ 1 2 ]\n [ 1 0 ] [ 1 ] </Plda>", "do not fit"),
        (b"<Plda> [ nan ]\n [\n 1 ]\n [ 1 ] </Plda>", "not finite, or a negative psi"),
        (b"<Plda> [ 1 ]\n [\n 1 ]\n [ -1 ] </Plda>", "not finite, or a negative psi"),
    ],
)
def test_bad_files(tmp_path, content, message):
    (tmp_path / "plda").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_kaldi_plda(tmp_path / "plda")
    with pytest.raises(UserError, match="No such file"):
        read_kaldi_plda(tmp_path / "nothing")


def test_a_low_rank_cannot_be_written(tmp_path):
    model = Plda(np.zeros(3), np.ones((1, 3)), np.ones(1))
    with pytest.raises(ValueError, match="full rank"):
        write_kaldi_plda(tmp_path / "plda", model)


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def meeting(reference):
    """x-vectors of a meeting's segments in one speaker's turn, and who speaks."""
    kaldiio = pytest.importorskip("kaldiio")
    folder = reference / "vbx"
    vectors = dict(kaldiio.load_ark(str(folder / "ES2005a.ark")))
    turns = [
        (float(words[3]), float(words[3]) + float(words[4]), words[7])
        for words in map(str.split, lines_of(folder / "ES2005a.reference.rttm"))
    ]
    names, speakers = [], []
    for line in lines_of(folder / "ES2005a.seg"):
        name, _, start_s, end_s = line.split()
        start_s, end_s = float(start_s), float(end_s)
        inside = {who for a, b, who in turns if a <= start_s and end_s <= b}
        touching = {who for a, b, who in turns if a < end_s and start_s < b}
        if len(inside) == 1 and inside == touching:
            names.append(name)
            speakers.append(inside.pop())
    return np.stack([vectors[name] for name in names]), np.array(speakers)


def test_published_plda_and_vectors(meeting, reference):
    h5py = pytest.importorskip("h5py")
    vectors, speakers = meeting
    left, right = np.triu_indices(len(vectors), k=1)
    is_target = speakers[left] == speakers[right]
    folder = reference / "vbx" / "ResNet101_16kHz"

    def eer(scores):
        return 100 * equal_error_rate(scores[left, right], is_target)

    unit = length_normalise(vectors)
    with h5py.File(folder / "transform.h5") as file:
        mean1, mean2, lda = (np.array(file[name]) for name in ("mean1", "mean2", "lda"))
    centred = length_normalise(vectors - mean1)
    projected = length_normalise(centred @ lda - mean2)
    model = read_kaldi_plda(folder / "plda")
    latent = model.project(projected)
    # 11.35 and 8.48 % on a part of these segments
    assert eer(unit @ unit.T) == pytest.approx(11.35, abs=0.6)
    assert eer(projected @ projected.T) == pytest.approx(8.48, abs=0.6)
    llrs = model.llr(latent, latent)
    assert eer(llrs) < eer(projected @ projected.T)
    assert llrs[left, right][is_target].mean() > 0
    assert llrs[left, right][~is_target].mean() < 0
