"""A back-end of Kaldi scores as Kaldi does: the formulas of its ivector/plda.cc."""

import math
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from utils.backend.plda.kaldi_backend import KaldiTransform, read_kaldi_backend
from utils.backend.plda.kaldi_files import read_kaldi_plda, write_kaldi_plda
from utils.backend.plda.model import Plda
from utils.embeddings.kaldi_values import read_kaldi_file
from utils.runtime.errors import UserError

kaldiio = pytest.importorskip("kaldiio")
D, K = 7, 4
MODELS = {"m": ["u0"], "n": ["u1", "u2", "u3"], "o": ["u0", "u4"]}


def write_folder(folder, rng, text=False, offset=1):
    """Write plda, mean.vec, transform.mat and xvector.ark, .scp as Kaldi does."""
    folder.mkdir(parents=True, exist_ok=True)
    psi = np.sort(5 * rng.random(K))[::-1]
    plda = Plda(rng.standard_normal(K), rng.standard_normal((K, K)), psi)
    write_kaldi_plda(folder / "plda", plda, text)
    mean = rng.standard_normal(D).astype("f4")
    transform = rng.standard_normal((K, D + offset)).astype("f4")
    for name, value in (("mean.vec", mean), ("transform.mat", transform)):
        if text:
            rows = "\n".join(
                " ".join(map(repr, r)) for r in np.atleast_2d(value).tolist()
            )
            start = "\n" if value.ndim == 2 else ""
            (folder / name).write_text(f" [{start} {rows} ]\n")
        else:
            kaldiio.save_mat(str(folder / name), value)
    vectors = {f"u{n}": rng.standard_normal(D).astype("f4") for n in range(8)}
    ark, scp = str(folder / "xvector.ark"), str(folder / "xvector.scp")
    kaldiio.save_ark(ark, vectors, scp)
    return plda, mean, transform, vectors


def kaldi_score(parts, names, test, scale=True, length_norm=True):
    """Score one trial by the steps of Kaldi's programs, value by value."""
    plda, mean, transform, vectors = parts

    def placed(vector, n):
        if mean is not None:
            vector = vector - mean
        if transform is not None:
            ends = [1.0] * (transform.shape[1] - len(vector))
            longer = [*vector, *ends]
            vector = [math.fsum(a * b for a, b in zip(row, longer, strict=True))
                      for row in transform.astype(float)]  # fmt: skip
        dim = len(vector)
        if scale:  # ivector-normalize-length
            ratio = math.sqrt(sum(x * x for x in vector)) / math.sqrt(dim)
            vector = [x / ratio for x in vector]
        # Plda::TransformIvector: offset = -transform mean
        offset = [-sum(a * b for a, b in zip(row, plda.mean, strict=True))
                  for row in plda.transform]  # fmt: skip
        u = [b + sum(a * x for a, x in zip(row, vector, strict=True))
             for row, b in zip(plda.transform, offset, strict=True)]  # fmt: skip
        if length_norm:  # Plda::GetNormalizationFactor
            dot = sum(x * x / (1.0 / n + p) for x, p in zip(u, plda.psi, strict=True))
            u = [x * math.sqrt(dim / dot) for x in u]
        return u

    n = len(names)
    train = placed(sum(vectors[name].astype(float) for name in names) / n, n)
    other = placed(vectors[test].astype(float), 1)
    given = without = 0.0  # Plda::LogLikelihoodRatio
    for t, u, p in zip(other, train, plda.psi, strict=True):
        centre, variance = n * p / (n * p + 1.0) * u, 1.0 + p / (n * p + 1.0)
        given -= 0.5 * (math.log(2 * math.pi * variance) + (t - centre) ** 2 / variance)
        without -= 0.5 * (math.log(2 * math.pi * (1.0 + p)) + t * t / (1.0 + p))
    return given - without


def run(*words):
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("text", "offset", "options", "settings"),
    [
        (False, 1, [], {}),
        (True, 0, ["--keep-lengths"], {"scale": False}),
        (True, 1, ["--no-plda-length-norm"], {"length_norm": False}),
    ],
)
def test_scores_are_kaldis(tmp_path, rng, text, offset, options, settings):
    parts = write_folder(tmp_path, rng, text, offset)
    trials = [(model, f"u{n}") for model in MODELS for n in range(5, 8)]
    lines = [f"{m} {u} {'target' if u == 'u5' else 'nontarget'}\n" for m, u in trials]
    (tmp_path / "trials").write_text("".join(lines))
    models = "".join(f"{m} {' '.join(names)}\n" for m, names in MODELS.items())
    (tmp_path / "enrol").write_text(models)
    result = run(
        "local.import_kaldi", tmp_path / "plda", "--mean", tmp_path / "mean.vec",
        "--transform", tmp_path / "transform.mat", "--out", tmp_path / "b", *options,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    scp = tmp_path / "xvector.scp"
    result = run(
        "local.score", "--backend", tmp_path / "b", "--enrol", scp, "--test", scp,
        "--trials", tmp_path / "trials", "--enrol-models", tmp_path / "enrol",
        "--out", tmp_path / "scores",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = pd.read_csv(tmp_path / "scores", sep=" ", header=None)
    assert list(zip(found[0], found[1], strict=True)) == trials
    oracle = [kaldi_score(parts, MODELS[m], u, **settings) for m, u in trials]
    np.testing.assert_allclose(found[2], oracle, rtol=1e-5, atol=1e-6)


def test_a_plda_by_itself(tmp_path, rng):
    plda, _, _, _ = write_folder(tmp_path, rng)
    vectors = {f"u{n}": rng.standard_normal(K) for n in range(8)}
    backend = read_kaldi_backend(tmp_path / "plda")
    prepared = backend.prepare(np.stack(list(vectors.values())))
    models = backend.enrol(prepared, [np.array([1, 2, 3]), np.array([0])])
    found = backend.scorer.block(models, prepared)
    parts = plda, None, None, vectors
    oracle = [
        [kaldi_score(parts, names, test) for test in vectors]
        for names in (["u1", "u2", "u3"], ["u0"])
    ]
    np.testing.assert_allclose(found, oracle, rtol=1e-9, atol=1e-9)


def test_the_commands_of_the_readme(tmp_path, rng):
    text = (ROOT / "local/README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python -m (.*exp/kaldi/.*)$", text, re.MULTILINE)
    assert len(commands) == 2
    parts = write_folder(tmp_path / "exp/kaldi", rng)
    (tmp_path / "exp/kaldi/trials").write_text("u0 u1 target\nu0 u2 nontarget\n")
    for command in commands:
        result = run(*command.replace("exp/", f"{tmp_path}/exp/").split())
        assert result.returncode == 0, result.stderr
    found = pd.read_csv(tmp_path / "exp/again/kaldi-scores.txt", sep=" ", header=None)
    oracle = [kaldi_score(parts, ["u0"], test) for test in ("u1", "u2")]
    np.testing.assert_allclose(found[2], oracle, rtol=1e-5, atol=1e-6)


def test_files_that_are_no_such_thing_are_told(tmp_path, rng):
    write_folder(tmp_path, rng)
    plda, mean = tmp_path / "plda", tmp_path / "mean.vec"
    transform = tmp_path / "transform.mat"
    (tmp_path / "nan.vec").write_text("[ 1 nan ]\n")
    for files, told in (
        ((plda, tmp_path / "nan.vec"), r"nan\.vec: no vector .*values that are not"),
        ((mean,), r"mean\.vec: no PLDA of Kaldi"),
        ((plda, plda, transform), r"plda: no vector or matrix of Kaldi"),
        ((plda, mean), r"mean\.vec: 7 values, but .*plda needs 4"),
        (
            (plda, None, mean),
            r"mean\.vec: shape \(7,\), but .*plda needs a matrix of 4",
        ),
        ((plda, tmp_path / "x"), r"x: No such file"),
    ):
        with pytest.raises(UserError, match=told):
            read_kaldi_backend(*files)
    with pytest.raises(ValueError, match="have D=3, the transform 8 columns"):
        KaldiTransform(read_kaldi_file(transform))(np.eye(3))
    assert read_kaldi_plda(plda).psi.shape == (K,)


def test_published_files_are_applied(reference):
    """A published PLDA scores its own x-vectors as the formula says."""
    folder = reference / "vbx"
    vectors = dict(kaldiio.load_ark(str(folder / "ES2005a.ark")))
    path = folder / "ResNet101_16kHz" / "plda"
    plda = read_kaldi_plda(path)
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((len(plda.mean), 256))
    small = {n: matrix @ x for n, x in list(vectors.items())[:6]}
    backend = read_kaldi_backend(path)
    prepared = backend.prepare(np.stack(list(small.values())))
    found = backend.scorer.block(backend.enrol_single(prepared), prepared)
    parts = plda, None, None, small
    oracle = [[kaldi_score(parts, [a], b) for b in small] for a in small]
    np.testing.assert_allclose(found, oracle, rtol=1e-8, atol=1e-8)
