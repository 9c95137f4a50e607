from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from utils.runtime.errors import UserError
from utils.speakers.people import UPDATED, Exemplar, divide
from utils.speakers.updates import UpdatePolicy
from utils.verification.decisions import Decisions, Tail, Threshold

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def exemplar(days_ago, kind=UPDATED):
    time = (NOW - timedelta(days=days_ago)).isoformat()
    return Exemplar(np.array([days_ago], np.float32), kind=kind, time=time)


@pytest.mark.parametrize(
    ("llr", "speech_s", "reason"),
    [(5.1, 1.2, ""), (4.9, 9.0, "LLR 4.90"), (99.0, 1.1, "1.1 s of speech")],
)
def test_only_confident_matches_are_taken(llr, speech_s, reason):
    refused = UpdatePolicy().refusal(llr, 5.0, speech_s)
    assert refused.startswith(reason) and bool(refused) == bool(reason)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_there_are_never_too_many(most):
    policy, kept = UpdatePolicy(most=most), [exemplar(400, "enrolled")]
    for days_ago in range(30, 0, -1):
        dropped = policy.dropped(kept, NOW)
        kept = [own for own in kept if own not in dropped] + [exemplar(days_ago)]
        assert len(kept) - 1 <= most
    assert [own.embedding[0] for own in kept[1:]] == list(range(most, 0, -1))
    assert divide(kept) == (kept[:1], kept[1:])


def test_old_ones_are_dropped_but_the_enrolment_stays():
    stored = [exemplar(999, "enrolled"), exemplar(366), exemplar(364)]
    assert UpdatePolicy().dropped(stored, NOW) == stored[1:2]


def test_taking_in_is_rarer_than_a_false_alarm():
    """Scores whose tail is exponential: each decade needs ln 10 more."""
    thresholds = (Threshold(0.01, np.log(100), {}), Threshold(0.001, 50.0, {}))
    tail = Tail((0.1, 0.01), (np.log(10), np.log(100)))
    decisions = Decisions("", thresholds, tail, {}, {})
    policy = UpdatePolicy(rarer=100)
    assert policy.needed(decisions, 0.01) == pytest.approx(np.log(10_000))
    assert policy.needed(decisions, 0.001) == 50.0  # what is accepted at all
    with pytest.raises(UserError, match="--far 0.2: measured were 0.01, 0.001"):
        policy.needed(decisions, 0.2)


def test_what_was_taken_in_alone_stands_for_the_enrolment():
    later = [exemplar(3), exemplar(1)]
    assert divide(later) == (later, [])
