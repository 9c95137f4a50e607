import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import sqrtm

from tests.backend.settings import CALIBRATION, PLDA
from utils.backend.backend import Backend, MeasuredModels
from utils.backend.files import load_backend, save_backend
from utils.backend.normalisation.methods import AdaptiveSNorm, SNorm, ZNorm
from utils.backend.pairs import PairScorer, score_trials, uncalibrated_columns
from utils.backend.parts import Step
from utils.backend.plda.learning import fit_plda
from utils.backend.quality import utterance_measures
from utils.backend.training import (
    Adaptation,
    add_cohort,
    calibrate,
    fit_adapted,
    fit_backend,
)
from utils.backend.transforms import Lda, LengthNorm, Mean
from utils.backend.vectors import length_normalise
from utils.metrics.detection import equal_error_rate
from utils.metrics.likelihood_ratios import cllr
from utils.runtime.errors import UserError

CHAIN = [LengthNorm(), Lda(5, 0.1), LengthNorm(), replace(PLDA, n_iterations=5)]


@pytest.fixture
def embeddings(rng):
    """Make embeddings of some speakers, 6 of each: a function of their number."""
    scales = np.linspace(0.3, 1.5, 12)

    def make(n_speakers):
        speakers = np.repeat([f"s{n}" for n in range(n_speakers)], 6)
        means = np.repeat(rng.standard_normal((n_speakers, 12)), 6, axis=0)
        return means + scales * rng.standard_normal(means.shape) + 1.0, speakers

    return make


def pair_scorer(backend, embeddings, measures=None):
    models = backend.enrol_single(backend.prepare(embeddings))
    side = MeasuredModels(models, measures or {})
    return PairScorer(backend, side, side)


def all_pairs(speakers):
    rows, columns = np.triu_indices(len(speakers), k=1)
    return rows, columns, speakers[rows] == speakers[columns]


def test_each_step_learns_from_what_the_one_before_makes(embeddings):
    training, speakers = embeddings(20)
    backend = fit_backend(CHAIN, training, speakers)
    lda = Lda(5, 0.1).fit(length_normalise(training), speakers)
    latent = length_normalise(lda(length_normalise(training)))
    model, _ = fit_plda(latent, speakers, 5, None, 0.05)
    prepared = backend.prepare(training)
    np.testing.assert_allclose(prepared, model.project(latent))
    pairs = pair_scorer(backend, training)
    oracle = model.llr(prepared, prepared)
    np.testing.assert_allclose(pairs(slice(3, 9)), oracle[3:9])
    assert [note.partition(":")[0] for note in backend.notes] == ["LDA", "PLDA"]


def test_a_step_after_plda_is_refused(embeddings):
    with pytest.raises(ValueError, match="such as PLDA, must be the last step"):
        fit_backend([*CHAIN, LengthNorm()], *embeddings(5))


def test_a_step_learns_what_its_place_asks_for(embeddings):
    class Forgetful(Step):
        def fit(self, embeddings, speakers):
            LengthNorm().fit(embeddings, speakers)

    with pytest.raises(TypeError, match="Forgetful.fit returns NoneType, not a Tra"):
        fit_backend([Forgetful()], *embeddings(5))


def test_a_normalisation_without_a_cohort_is_refused():
    with pytest.raises(ValueError, match="needs a cohort"):
        Backend(normalisation=SNorm())


@pytest.mark.parametrize("kind", ["speakers", "utterances"])
def test_scores_are_normalised_by_the_cohort(embeddings, kind):
    training, speakers = embeddings(10)
    test, _ = embeddings(3)
    backend = add_cohort(Backend(), ZNorm(), training, speakers, kind)
    prepared = backend.prepare(test)
    found = pair_scorer(backend, test)(slice(0, 4))
    cohort = length_normalise(training)
    if kind == "speakers":
        cohort = length_normalise(cohort.reshape(10, 6, 12).mean(axis=1))
    impostors = prepared[:4] @ cohort.T
    mean, deviation = impostors.mean(axis=1), impostors.std(axis=1)
    oracle = (prepared[:4] @ prepared.T - mean[:, None]) / deviation[:, None]
    np.testing.assert_allclose(found, oracle)


def test_speakers_of_the_test_leave_the_cohort(embeddings):
    training, speakers = embeddings(10)
    whole = add_cohort(Backend(), SNorm(), training, speakers, "speakers")
    fewer, n_left_out = whole.without_cohort_of({"s0", "s1", "stranger"})
    assert n_left_out == 2
    rest = ~np.isin(speakers, ["s0", "s1"])
    oracle = add_cohort(Backend(), SNorm(), training[rest], speakers[rest], "speakers")
    np.testing.assert_array_equal(fewer.cohort.speakers, oracle.cohort.speakers)
    np.testing.assert_allclose(
        fewer.cohort.models.vectors, oracle.cohort.models.vectors
    )
    assert Backend().without_cohort_of({"s0"}) == (Backend(), 0)
    nobody, _ = whole.without_cohort_of(speakers)
    with pytest.raises(ValueError, match="two cohort scores or more"):
        pair_scorer(nobody, training)
    with pytest.raises(ValueError, match="of speakers or utterances, not 'all'"):
        add_cohort(Backend(), SNorm(), training, speakers, "all")
    with pytest.raises(ValueError, match="two speakers or more, not 1"):
        add_cohort(Backend(), SNorm(), training, np.repeat("s", 10 * 6), "speakers")


def scores_of(backend, embeddings, speakers, measures=None):
    """Return final scores, what they are calibrated from, and the labels."""
    rows, columns, is_target = all_pairs(speakers)
    side = MeasuredModels(backend.enrol_single(backend.prepare(embeddings)), measures)
    pairs = PairScorer(backend, side, side)
    before = uncalibrated_columns(pairs, rows, columns, backend.quality)
    return score_trials(backend, side, side, rows, columns), before, is_target


def test_calibrated_scores_are_log_likelihood_ratios(embeddings):
    backend = fit_backend(CHAIN, *embeddings(20))
    settings = replace(CALIBRATION, prior=0.1, far=[0.05])
    backend = calibrate(backend, *embeddings(15), {}, settings)
    llrs, scores, is_target = scores_of(backend, *embeddings(15), {})
    assert cllr(llrs, is_target) < 0.9 < cllr(100 * scores[:, 0], is_target)
    thresholds = backend.calibration.thresholds
    assert thresholds["cost at p_target 0.1"] == pytest.approx(np.log(9))
    assert np.mean(llrs[~is_target] >= thresholds["far 0.05"]) < 0.1
    assert backend.calibration.trained_on == {"n_target": 225, "n_nontarget": 3780}


def test_quality_measures_mend_scores_that_depend_on_them(embeddings, rng):
    """Short utterances share a direction, which says nothing of the speaker."""

    def spoilt(n_speakers):
        clean, speakers = embeddings(n_speakers)
        duration = np.exp(rng.uniform(0, 3, len(clean)))
        noisy = np.column_stack([clean, 12 / duration])
        table = pd.DataFrame({"ID": np.arange(len(noisy)), "duration": duration})
        names = ["duration", "magnitude"]
        return noisy, speakers, utterance_measures(names, table["ID"], noisy, table)

    held_out, test = spoilt(30), spoilt(30)
    found = {}
    for quality in ((), ("duration", "magnitude", "cohort_mean")):
        backend = add_cohort(Backend(), SNorm(), *spoilt(30)[:2], "speakers")
        backend = calibrate(backend, *held_out, replace(CALIBRATION, quality=quality))
        llrs, columns, is_target = scores_of(backend, *test)
        assert columns.shape[1] == 1 + 2 * len(quality)
        found[quality] = cllr(llrs, is_target)
    plain, better = found.values()
    assert better < plain - 0.005
    with pytest.raises(ValueError, match="no quality measure 'cohort_mean'"):
        calibrate(Backend(), *held_out, replace(CALIBRATION, quality=["cohort_mean"]))


def test_adaptation_helps_a_shifted_domain(embeddings):
    """The new domain is another linear map of the old one; its labels are not used."""
    training, speakers = embeddings(60)
    turn = np.eye(12)
    turn[0, :] += 2.0
    shifted, _ = embeddings(60)
    test, test_speakers = embeddings(40)
    shifted, test = shifted @ turn + 3.0, test @ turn + 3.0

    def eer(method, chain, **options):
        if method:
            adaptation = Adaptation(method, options)
            backend = fit_adapted(chain, training, speakers, adaptation, shifted)
        else:
            backend = fit_backend(chain, training, speakers)
        scores, _, is_target = scores_of(backend, test, test_speakers, {})
        return equal_error_rate(scores, is_target)

    plain = [Mean(), replace(PLDA, n_iterations=5)]
    unadapted = eer("", plain)
    for method in ("mean", "coral", "kaldi", "coral+", "plda-mean"):
        assert eer(method, plain) < unadapted
    assert eer("mean", [Mean()]) < eer("", [Mean()])
    with pytest.raises(ValueError, match="'kaldi' needs a back-end with PLDA"):
        eer("kaldi", [Mean()])
    with pytest.raises(ValueError, match="adaptation is mean, coral, kaldi"):
        Adaptation("magic", {})


def test_coral_gives_the_training_the_covariance_of_the_target(embeddings):
    training, target = embeddings(30)[0], embeddings(30)[0] ** 3
    moved = Adaptation("coral", {"shrinkage": 0.0}).of_embeddings(training, target)
    np.testing.assert_allclose(moved.mean(axis=0), target.mean(axis=0))
    covariance = np.cov(target.T, bias=True)
    np.testing.assert_allclose(np.cov(moved.T, bias=True), covariance, rtol=1e-6)
    centred = training - training.mean(axis=0)
    source = np.cov(training.T, bias=True)
    oracle = centred @ np.linalg.inv(sqrtm(source).real) @ sqrtm(covariance).real
    np.testing.assert_allclose(moved - target.mean(axis=0), oracle, rtol=1e-5)


def whole_backend(embeddings):
    training = embeddings(20)
    backend = add_cohort(
        fit_backend(CHAIN, *training), AdaptiveSNorm(8), *training, "speakers"
    )
    ids = pd.DataFrame({"ID": np.arange(90)})
    held_out = embeddings(15)
    measures = utterance_measures(["magnitude"], ids["ID"], held_out[0], None)
    settings = replace(CALIBRATION, quality=["magnitude", "cohort_mean"])
    return calibrate(backend, *held_out, measures, settings)


def test_a_back_end_is_the_same_after_its_file(embeddings, tmp_path):
    backend = whole_backend(embeddings)
    save_backend(tmp_path / "b", backend, "hash", {"command": "ours"})
    again, model_sha256 = load_backend(tmp_path / "b")
    test, speakers = embeddings(4)
    magnitude = {"magnitude": np.log(np.linalg.norm(test, axis=1))}
    before, _, _ = scores_of(backend, test, speakers, magnitude)
    after, _, _ = scores_of(again, test, speakers, magnitude)
    np.testing.assert_array_equal(before, after)
    assert model_sha256 == "hash" and again.notes == backend.notes
    assert again.calibration.thresholds == backend.calibration.thresholds
    content = json.loads((tmp_path / "b/backend.json").read_text())
    assert content["command"] == "ours"


def test_a_broken_back_end_is_told(embeddings, tmp_path):
    with pytest.raises(UserError, match=r"backend.json: no such file; train the"):
        load_backend(tmp_path)
    save_backend(tmp_path / "b", whole_backend(embeddings), None, {})
    (tmp_path / "b/backend.npz").write_bytes(b"PK spoilt")
    with pytest.raises(UserError, match="no whole back-end"):
        load_backend(tmp_path / "b")
    save_backend(tmp_path / "b", whole_backend(embeddings), None, {})
    np.savez(tmp_path / "b/backend.npz", a=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="no whole back-end"):
        load_backend(tmp_path / "b")
