from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from utils.speakers.people import UPDATED, Exemplar
from utils.speakers.updates import UpdatePolicy, enrolment_of

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def exemplar(days_ago, kind=UPDATED):
    time = (NOW - timedelta(days=days_ago)).isoformat()
    return Exemplar(np.array([days_ago], np.float32), kind=kind, time=time)


@pytest.mark.parametrize(
    ("llr", "speech_s", "reason"),
    [(5.1, 2.0, ""), (4.9, 9.0, "LLR 4.90"), (99.0, 1.9, "1.9 s of speech")],
)
def test_only_confident_matches_are_taken(llr, speech_s, reason):
    refused = UpdatePolicy().refusal(llr, 3.0, speech_s)
    assert refused.startswith(reason) and bool(refused) == bool(reason)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_there_are_never_too_many(most):
    policy, kept = UpdatePolicy(most=most), [exemplar(400, "enrolled")]
    for days_ago in range(30, 0, -1):
        dropped = policy.dropped(kept, NOW)
        kept = [own for own in kept if own not in dropped] + [exemplar(days_ago)]
        assert len(kept) - 1 <= most
    assert [own.embedding[0] for own in kept[1:]] == list(range(most, 0, -1))
    assert enrolment_of(kept) == kept[:1]


def test_old_ones_are_dropped_but_the_enrolment_stays():
    stored = [exemplar(999, "enrolled"), exemplar(366), exemplar(364)]
    assert UpdatePolicy().dropped(stored, NOW) == stored[1:2]
