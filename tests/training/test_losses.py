import math
from itertools import product

import numpy as np
import pytest
import torch
from speechbrain.nnet.losses import AdditiveAngularMargin, AngularMargin

from utils.training.distillation import TeacherCosine
from utils.training.losses import (
    GE2E,
    Prototypical,
    TripletLoss,
    embedding_spread,
    mined_triplet_loss,
    triplet_loss,
)
from utils.training.mining import MINERS, mine_triplets
from utils.training.objective import MarginSoftmax, Objective

LABELS = torch.tensor([7, 3, 3, 9, 7, 9, 3, 7])  # of unequal counts, in any order


def unit(*shape):
    return torch.nn.functional.normalize(torch.randn(*shape), dim=-1)


@pytest.fixture
def embeddings():
    torch.manual_seed(0)
    return unit(len(LABELS), 5)


def test_triplet_loss_against_a_loop():
    torch.manual_seed(0)
    embeddings = unit(3 * 20, 8)
    losses, active = [], 0
    for n in range(20):
        anchor, positive, negative = (
            embeddings[n],
            embeddings[20 + n],
            embeddings[40 + n],
        )
        loss = max(0.0, float(anchor @ negative - anchor @ positive) + 0.1)
        losses.append(loss)
        active += loss > 0
    found = triplet_loss(embeddings, margin=0.1)
    assert float(found.loss) == pytest.approx(np.mean(losses), abs=1e-6)
    assert float(found.active) == pytest.approx(active / 20)


def test_a_collapsed_model_loses_the_margin():
    embeddings = torch.ones(30, 4) / 2
    found = triplet_loss(embeddings, margin=0.1)
    assert float(found.loss) == pytest.approx(0.1)
    assert float(embedding_spread(embeddings)) == pytest.approx(0.0, abs=1e-6)


def test_spread_of_opposite_and_random_embeddings():
    assert float(embedding_spread(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))) == 1.0
    torch.manual_seed(0)
    embeddings = unit(50, 6)
    oracle = (embeddings - embeddings.mean(0)).square().sum(1).mean()
    torch.testing.assert_close(embedding_spread(embeddings), oracle)


def triplets_by_hand(embeddings, labels, mining):
    """Every triplet that a mining may choose, by loops: {(a, p): {n, ...}}."""
    s = (embeddings @ embeddings.T).tolist()
    rows = range(len(labels))
    chosen = {}
    for a, p in product(rows, rows):
        if a == p or labels[a] != labels[p]:
            continue
        negatives = [n for n in rows if labels[n] != labels[a]]
        if mining == "semi_hard":
            below = [n for n in negatives if s[a][n] < s[a][p]]
            best = max(below or negatives, key=lambda n: s[a][n] if below else -s[a][n])
            negatives = [best]
        if mining == "hard":
            others = [q for q in rows if labels[q] == labels[a] and q != a]
            if p != min(others, key=lambda q: s[a][q]):
                continue
            negatives = [max(negatives, key=lambda n: s[a][n])]
        chosen[a, p] = set(negatives)
    return chosen


@pytest.mark.parametrize("mining", MINERS)
@pytest.mark.parametrize("seed", range(5))
def test_the_miners_against_brute_force(mining, seed):
    torch.manual_seed(seed)
    labels = torch.tensor([0, 1, 2, 1, 0, 2, 2, 1, 3, 3])
    embeddings = unit(10, 3)
    found = mine_triplets(embeddings, labels, mining).tolist()
    expected = triplets_by_hand(embeddings, labels, mining)
    assert {(a, p) for a, p, _ in found} == set(expected)
    assert all(n in expected[a, p] for a, p, n in found)
    n_each = 1 if mining == "random" else None
    assert len(found) == sum(
        n_each or len(negatives) for negatives in expected.values()
    )


@pytest.mark.parametrize("mining", MINERS)
def test_a_negative_is_never_of_the_anchors_speaker(mining):
    labels = torch.arange(32) // 4
    for seed in range(20):
        torch.manual_seed(seed)
        # all alike, the worst case of a collapse, and nearly alike
        for embeddings in (torch.ones(32, 4) / 2, unit(32, 4) * 1e-3 + 0.5):
            anchors, positives, negatives = mine_triplets(embeddings, labels, mining).T
            assert (labels[anchors] == labels[positives]).all()
            assert (anchors != positives).all()
            assert (labels[anchors] != labels[negatives]).all()


def test_random_negatives_are_spread():
    torch.manual_seed(0)
    labels = torch.arange(8) // 2
    found = torch.cat([mine_triplets(unit(8, 3), labels, "random") for _ in range(200)])
    counts = torch.bincount(found[found[:, 0] == 0][:, 2], minlength=8)
    assert counts[:2].sum() == 0 and counts[2:].min() > 15


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "batch_all"])
def test_the_mined_loss_by_hand(embeddings, mining):
    s = (embeddings @ embeddings.T).tolist()
    losses = [
        max(0.0, s[a][n] - s[a][p] + 0.3)
        for (a, p), negatives in triplets_by_hand(embeddings, LABELS, mining).items()
        for n in negatives
    ]
    active = [loss for loss in losses if loss > 0]
    expected = np.mean(active) if mining == "batch_all" else np.mean(losses)
    found = mined_triplet_loss(embeddings, LABELS, 0.3, mining)
    assert float(found.loss) == pytest.approx(expected, abs=1e-6)
    assert float(found.active) == pytest.approx(len(active) / len(losses))
    module = TripletLoss(0.3, mining)
    assert float(module(embeddings, LABELS)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("contrast", [False, True])
def test_ge2e_by_its_equations(embeddings, contrast):
    e, labels = embeddings.double().numpy(), LABELS.numpy()
    names = np.unique(labels)
    losses = []
    for row, label in enumerate(labels):
        s = []
        for name in names:
            members = [n for n in np.flatnonzero(labels == name) if n != row]
            centroid = e[members].mean(axis=0)  # equations (1) and (8)
            cosine = e[row] @ centroid / np.linalg.norm(centroid)
            s.append(10 * cosine - 5)  # equation (5)
        s, own = np.array(s), list(names).index(label)
        sigmoid = 1 / (1 + np.exp(-s))
        softmax = -s[own] + np.log(np.exp(s).sum())  # equation (6)
        contrasted = 1 - sigmoid[own] + np.delete(sigmoid, own).max()  # equation (7)
        losses.append(contrasted if contrast else softmax)
    found = GE2E(contrast)(embeddings, LABELS)
    assert found.item() == pytest.approx(np.mean(losses), abs=1e-5)


@pytest.mark.parametrize("angular", [False, True])
def test_prototypical_by_hand(embeddings, angular):
    e, labels = embeddings.double().numpy(), LABELS.numpy()
    rows_of = [np.flatnonzero(labels == name) for name in np.unique(labels)]
    losses = []
    for own, rows in enumerate(rows_of):
        query = e[rows[0]]
        centroids = [e[others[1:]].mean(axis=0) for others in rows_of]
        if angular:
            s = [10 * query @ c / np.linalg.norm(c) - 5 for c in centroids]
        else:
            s = [-((query - c) ** 2).sum() for c in centroids]
        losses.append(-s[own] + math.log(sum(math.exp(x) for x in s)))
    found = Prototypical(angular)(embeddings, LABELS)
    assert found.item() == pytest.approx(np.mean(losses), abs=1e-5)


METRIC_LOSSES = [
    *(TripletLoss(0.3, mining) for mining in MINERS if mining != "random"),
    GE2E(),
    GE2E(contrast=True),
    Prototypical(),
    Prototypical(angular=True),
]


@pytest.mark.parametrize("loss", METRIC_LOSSES)
def test_names_of_speakers_and_rotations_do_not_matter(embeddings, loss):
    expected = loss(embeddings, LABELS)
    rotation = torch.linalg.qr(torch.randn(5, 5))[0]
    torch.testing.assert_close(loss(embeddings @ rotation, LABELS), expected)
    torch.testing.assert_close(loss(embeddings, 100 - LABELS), expected)


@pytest.mark.parametrize("loss", METRIC_LOSSES)
def test_gradients_draw_speakers_apart(loss):
    torch.manual_seed(0)
    embeddings = torch.nn.Parameter(unit(12, 6))
    labels = torch.arange(12) % 3
    optimizer = torch.optim.Adam([embeddings, *loss.parameters()], lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        loss(torch.nn.functional.normalize(embeddings, dim=1), labels).backward()
        assert embeddings.grad.isfinite().all()
        optimizer.step()
    e = torch.nn.functional.normalize(embeddings.detach(), dim=1)
    same = labels[:, None] == labels[None]
    assert (e @ e.T)[same].mean() > (e @ e.T)[~same].mean() + 0.5


@pytest.mark.parametrize("loss", METRIC_LOSSES)
@pytest.mark.parametrize("labels", [[0, 0, 1], [0, 0, 0]])
def test_single_crops_and_single_speakers_are_refused(loss, labels):
    with pytest.raises(ValueError, match="two speakers or more with two crops or more"):
        loss(unit(3, 4), torch.tensor(labels))


def test_an_unknown_mining_is_told():
    with pytest.raises(ValueError, match="no mining 'soft'; there are random, semi"):
        TripletLoss(0.1, "soft")


@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_margin_softmax_by_hand(margin):
    cosines, label = [0.6, 0.1, -0.3], 0
    penalised = {
        AngularMargin: cosines[label] - margin,
        AdditiveAngularMargin: math.cos(math.acos(cosines[label]) + margin),
    }
    for penalty, target in penalised.items():
        loss = MarginSoftmax(penalty, margin=0.0, scale=4.0)
        loss.margin = margin  # as a schedule sets it
        scores = [4 * target, 4 * cosines[1], 4 * cosines[2]]
        expected = -scores[0] + math.log(sum(math.exp(score) for score in scores))
        found = loss(torch.tensor([cosines]), torch.tensor([label]))
        assert float(found) == pytest.approx(expected, rel=1e-5)


def test_a_sum_of_losses(embeddings):
    softmax, ge2e = MarginSoftmax(AngularMargin, 0.1, 10.0), GE2E()
    outputs, labels = torch.rand(8, 10), LABELS
    both = Objective(
        "am + 0.25*ge2e", {"am": softmax}, {"ge2e": ge2e, "other": GE2E()}, {}
    )
    assert both.classifies and both.compares
    assert {name for name, _ in both.named_parameters()} == {
        "terms.ge2e.scale.w",
        "terms.ge2e.scale.b",
    }
    total, terms = both(embeddings, labels, outputs)
    assert terms["am"] == pytest.approx(softmax(outputs, labels).item())
    assert terms["ge2e"] == pytest.approx(ge2e(embeddings, labels).item())
    assert total.item() == pytest.approx(terms["am"] + 0.25 * terms["ge2e"])
    alone = Objective("ge2e", {"am": softmax}, {"ge2e": ge2e}, {})
    assert alone.compares and not alone.classifies


def test_labels_are_learnt_from_single_voices(embeddings):
    softmax, targets = MarginSoftmax(AngularMargin, 0.1, 10.0), embeddings.roll(1, 0)
    is_single = torch.arange(8) % 2 == 0
    both = Objective("am+teacher", {"am": softmax}, {}, {"teacher": TeacherCosine()})
    outputs = torch.rand(8, 10)
    _, terms = both(embeddings, LABELS, outputs, targets, is_single)
    assert terms["am"] == softmax(outputs[::2], LABELS[::2]).item()
    assert terms["teacher"] == TeacherCosine()(embeddings, targets).item()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ge3e", "no loss 'ge3e'; there are am, ge2e"),
        ("am++ge2e", "cannot read the loss 'am[+][+]ge2e'; write"),
        ("half*am", "cannot read the loss"),
    ],
)
def test_losses_that_cannot_be_read(text, message):
    with pytest.raises(ValueError, match=message):
        Objective(text, {"am": GE2E()}, {"ge2e": GE2E()}, {})
