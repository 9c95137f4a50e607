from dataclasses import replace

import numpy as np
import pytest

from tests.systems.folders import write_system
from utils.backend.backend import Backend
from utils.metrics.identification import detection_and_identification
from utils.runtime.errors import UserError
from utils.speakers.gallery import (
    Gallery,
    nearest,
    threshold_for_gallery,
)
from utils.speakers.people import UPDATED, Exemplar, Person
from utils.systems.system import open_system
from utils.verification.decisions import AS_RECORDED, Decisions
from utils.verification.measuring import calibrate_on, measure_tail
from utils.verification.rises import Rise
from utils.verification.voices import Voices

SIZE = 32


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    folder = write_system(tmp_path_factory.mktemp("systems") / "triplet")
    return open_system(folder, "cosine")


def draw(rng, n_speakers, each):
    """Draw embeddings of speakers: (n_speakers, each, SIZE)."""
    centres = rng.standard_normal((n_speakers, 1, SIZE))
    return centres + 0.7 * rng.standard_normal((n_speakers, each, SIZE))


@pytest.fixture(scope="module")
def measured(system):
    """Calibrate on drawn voices; returns system and decisions."""
    vectors = draw(np.random.default_rng(0), 200, 6)
    who = np.repeat(np.arange(200), 6)
    voices = Voices({AS_RECORDED: vectors.reshape(-1, SIZE)}, who, np.zeros(1200, int))
    backend = calibrate_on(system.backend, voices, 0.05)
    decisions = Decisions("", (), measure_tail(backend, voices), {}, {})
    return replace(system, backend=backend), decisions


@pytest.mark.parametrize("fpir", [-0.1, 0.0, 1.0, 5.0])
def test_what_is_no_rate(measured, fpir):
    with pytest.raises(UserError, match="--fpir .*: a rate lies between 0 and 1"):
        threshold_for_gallery(measured[1], 10, fpir)


@pytest.mark.parametrize("n_people", [10, 100, 1000])
@pytest.mark.parametrize("fpir", [0.05, 0.01])
def test_strangers_are_as_rare_as_promised(measured, n_people, fpir):
    """Whatever the number enrolled: 4000 strangers, a binomial margin above."""
    system, decisions = measured
    rng = np.random.default_rng(n_people)
    gallery = Gallery(
        system, [str(n) for n in range(n_people)],
        draw(rng, n_people, 1)[:, 0].astype(np.float32),
    )  # fmt: skip
    strangers = draw(rng, 4000, 1)[:, 0]
    threshold = threshold_for_gallery(decisions, n_people, fpir)
    tests = system.backend.prepare(strangers)
    models = system.enrol([own[None] for own in gallery.embeddings])
    scores = system.backend.scorer.block(models, tests)
    llrs = system.backend.calibration.fusion(scores.reshape(-1, 1)).reshape(
        scores.shape
    )
    accepted = np.mean(llrs.max(axis=0) >= threshold)
    assert accepted <= fpir + 3 * np.sqrt(fpir / 4000)
    assert accepted >= fpir / 8  # and not by refusing everybody


def test_scores_are_the_systems(measured):
    system, _ = measured
    rng = np.random.default_rng(0)
    people = [
        Person(name, "", tuple(Exemplar(own.astype(np.float32)) for own in vectors))
        for name, vectors in zip("abc", draw(rng, 3, 2), strict=True)
    ]
    test = draw(rng, 1, 1)[0, 0]
    gallery = Gallery.of(system, people)
    models = system.enrol([gallery.embeddings[n : n + 1] for n in range(3)])
    expected = system.score(models, test[None]).llrs[:, 0]
    np.testing.assert_allclose(gallery.score(test), expected)
    found = gallery.identify(test, threshold=None, k=2)
    assert [match.name for match in found.matches] == [
        "abc"[place] for place in np.argsort(-expected)[:2]
    ]
    assert found.name == "abc"[np.argmax(expected)]
    assert gallery.identify(test, threshold=1e9).name is None


def test_people_are_found(measured):
    """Known speakers are named, and at a rate that the metric confirms."""
    system, decisions = measured
    rng = np.random.default_rng(1)
    vectors = draw(rng, 60, 4).astype(np.float32)
    people = [
        Person(str(n), "", tuple(map(Exemplar, own[:3])))
        for n, own in enumerate(vectors[:50])
    ]
    gallery = Gallery.of(system, people)
    threshold = threshold_for_gallery(decisions, 50, 0.01)
    scores = np.stack([gallery.score(own[3]) for own in vectors])
    truth = np.where(np.arange(60) < 50, np.arange(60), -1)
    found = [gallery.identify(own[3], threshold).name for own in vectors]
    right = np.mean([name == str(n) for n, name in enumerate(found[:50])])
    best_possible, _ = detection_and_identification(scores, truth, 0.0)
    assert right > 0.8
    assert right >= best_possible - 0.2
    assert found[50:].count(None) >= 9


def test_a_search_among_many_finds_what_scoring_everybody_does(measured):
    system, _ = measured
    rng = np.random.default_rng(2)
    vectors = draw(rng, 3000, 1)[:, 0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[2500] = vectors[70]  # the first of equal ones is named
    gallery = Gallery(system, [str(n) for n in range(3000)], vectors.astype(np.float32))
    assert system.backend.is_cosine
    for test in (*draw(rng, 20, 1)[:, 0], vectors[70], 9 * vectors[2999]):
        llrs = gallery.score(test)
        best = np.argsort(-llrs, kind="stable")[:5]
        found = gallery.identify(test, None, 5).matches
        assert [match.name for match in found] == [str(place) for place in best]
        np.testing.assert_allclose([match.llr for match in found], llrs[best])


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000, 5001])
def test_the_nearest_hold_the_greatest(rng, size):
    for products in (rng.standard_normal(size), rng.integers(0, 3, size)):
        found = nearest(products, 8)
        assert (np.diff(found) > 0).all()
        greatest = np.sort(products)[::-1][:8]
        np.testing.assert_array_equal(np.sort(products[found])[::-1][:8], greatest)
    assert len(nearest(rng.standard_normal(size), 8)) < 24


def test_what_is_no_cosine_scores_everybody(measured):
    """A calibration that turns the order round, and a transform."""
    system, _ = measured
    fusion = system.backend.calibration.fusion
    turned = replace(fusion, weights=-fusion.weights)
    calibration = replace(system.backend.calibration, fusion=turned)
    backend = replace(system.backend, calibration=calibration)
    assert not backend.is_cosine
    rng = np.random.default_rng(3)
    vectors = draw(rng, 300, 1)[:, 0].astype(np.float32)
    names = [str(n) for n in range(300)]
    gallery = Gallery(replace(system, backend=backend), names, vectors)
    test = draw(rng, 1, 1)[0, 0]
    assert gallery.identify(test).name == names[int(gallery.score(test).argmax())]


def with_later(vectors, n_later):
    kinds = (len(vectors) - n_later) * ["enrolled"] + n_later * [UPDATED]
    pairs = zip(vectors.astype(np.float32), kinds, strict=True)
    return tuple(Exemplar(own, kind=kind) for own, kind in pairs)


def test_later_exemplars_weigh_as_many_as_they_are_and_half_at_most(measured, rng):
    system, _ = measured
    vectors = draw(rng, 3, 9)
    test = draw(rng, 1, 1)[0, 0]
    people = [
        Person("none", "", with_later(vectors[0, :3], 0)),
        Person("one", "", with_later(vectors[1, :4], 1)),
        Person("many", "", with_later(vectors[2], 6)),
    ]
    gallery = Gallery.of(system, people)
    llrs = gallery.score(test)
    for place, (n_later, share) in enumerate([(0, 0.0), (1, 0.25), (6, 0.5)]):
        own = vectors[place, : 3 + n_later]
        parts = [own[:3], own[3:]] if n_later else [own[:3]]
        alone = [
            Gallery.of(system, [Person("", "", with_later(part, 0))]).score(test)[0]
            for part in parts
        ]
        weights = [1 - share, share][: len(parts)]
        assert llrs[place] == pytest.approx(np.dot(weights, alone), abs=1e-4)
    np.testing.assert_allclose(gallery.score(test, np.array([2])), llrs[2:])


def test_what_came_later_brings_nobody_else_nearer(measured):
    """Strangers score as with the enrolment on average, and never above both parts."""
    system, _ = measured
    rng = np.random.default_rng(4)
    vectors, strangers = draw(rng, 40, 9), draw(rng, 200, 1)[:, 0]
    before, after = (
        Gallery.of(
            system,
            [Person("", "", with_later(own[:most], most - 3)) for own in vectors],
        )
        for most in (3, 9)
    )
    enrolled = np.stack([before.score(own) for own in strangers])
    both = np.stack([after.score(own) for own in strangers])
    assert both.mean() <= enrolled.mean() + 0.05 * enrolled.std()
    assert both.std() < enrolled.std()


def test_a_search_among_many_knows_what_came_later(measured):
    system, _ = measured
    rng = np.random.default_rng(5)
    vectors = draw(rng, 3000, 2)
    people = [
        Person(str(n), "", with_later(own[: 1 + n % 2], n % 2))
        for n, own in enumerate(vectors)
    ]
    gallery = Gallery.of(system, people)
    for test in (*draw(rng, 10, 1)[:, 0], vectors[1001, 1], vectors[1001].sum(axis=0)):
        llrs = gallery.score(test)
        found = gallery.identify(test, None, 5).matches
        best = np.argsort(-llrs, kind="stable")[:5]
        assert [match.name for match in found] == [str(place) for place in best]


def test_what_is_taken_off_goes_by_the_number_of_recordings(measured):
    """Enrolment and what came later each pay; a search among many knows it."""
    system, decisions = measured
    decisions = replace(decisions, recordings=Rise((1, 2, 3), (0.0, 2.0, 3.0)))
    rng = np.random.default_rng(6)
    vectors = draw(rng, 3000, 5)
    people = [
        Person(str(n), "", with_later(own[: 1 + n % 5], 2 * (n % 5 == 4)))
        for n, own in enumerate(vectors)
    ]
    raw, shifted = (
        Gallery.of(system, people, known) for known in (None, decisions)
    )  # fmt: skip
    taken_off = np.array([0.0, 2.0, 3.0, 3.0 * (3 / 4) / (2 / 3), 0.6 * 3 + 0.4 * 2])
    for test in (*draw(rng, 10, 1)[:, 0], vectors[1001, 1], vectors[1004].sum(axis=0)):
        llrs = shifted.score(test)
        np.testing.assert_allclose(
            raw.score(test) - llrs, np.tile(taken_off, 600), atol=1e-5
        )
        found = shifted.identify(test, None, 5).matches
        best = np.argsort(-llrs, kind="stable")[:5]
        assert [match.name for match in found] == [str(place) for place in best]


def test_what_is_taken_off_goes_by_the_lengths_of_both_sides(measured):
    """Half of the rise each; in a profile, the mean of its recordings' halves."""
    system, decisions = measured
    decisions = replace(decisions, speech_s=Rise((2.0, 4.0), (0.0, 1.0)))
    vectors = draw(np.random.default_rng(7), 2, 3)
    lengths_s = ((4.0, 2.0), (1.0, 3.0))
    people = [
        Person(str(n), "", tuple(map(Exemplar, vectors[n], "ab", "ab", lengths_s[n])))
        for n in range(2)
    ]
    raw, shifted = (Gallery.of(system, people, known) for known in (None, decisions))
    test = vectors[0, 2]
    for own_s, of_test in ((0.0, 0.0), (3.0, 0.25), (4.0, 0.5)):
        llrs = shifted.score(test, speech_s=own_s)
        expected = [0.25 + of_test, 0.125 + of_test]
        np.testing.assert_allclose(raw.score(test) - llrs, expected, atol=1e-5)
        best = shifted.identify(test, speech_s=own_s).matches[0]
        assert best.llr == pytest.approx(max(llrs))


def test_an_empty_gallery(system):
    assert isinstance(system.backend, Backend)
    with pytest.raises(ValueError, match="nobody is enrolled"):
        Gallery.of(system, [])
