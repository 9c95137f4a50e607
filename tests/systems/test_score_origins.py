import json

import numpy as np
import pytest

from utils.backend.backend import Backend
from utils.backend.files import save_backend
from utils.backend.transforms import LengthNorm
from utils.embeddings.files import write_embeddings
from utils.runtime.errors import UserError
from utils.systems.score_origins import score_facts


@pytest.fixture
def embeddings(tmp_path):
    prefix = tmp_path / "embeddings" / "test"
    write_embeddings(prefix, ["a", "b"], np.eye(2), "a" * 64)
    return str(prefix)


def test_scores_say_what_they_are_of(tmp_path, embeddings):
    trials = tmp_path / "all.txt"
    trials.write_text("a b target\n")
    model = tmp_path / "triplet"
    model.mkdir()
    record = {"encoder_sha256": "a" * 64, "seed": 3}
    (model / "experiment.json").write_text(json.dumps(record))
    save_backend(tmp_path / "x", Backend((LengthNorm(),)), None, {"name": "length"})
    facts = score_facts(tmp_path / "x", embeddings, trials, model)
    known = {"backend": "length", "seed": 3, "trials": "all", "calibrated": False}
    assert known.items() <= facts.items() and facts["system_sha256"] == "a" * 64
    plain = score_facts(None, embeddings, trials, None)
    assert plain["backend"] == "cosine" and plain["system"] is plain["seed"] is None


def test_a_record_of_another_model_is_refused(tmp_path, embeddings):
    trials = tmp_path / "all.txt"
    trials.write_text("a b target\n")
    path = tmp_path / "experiment.json"
    path.write_text(json.dumps({"encoder_sha256": "b" * 64}))
    with pytest.raises(UserError, match="test: made by another model than"):
        score_facts(None, embeddings, trials, tmp_path)
    path.write_text("{")
    with pytest.raises(UserError, match="experiment.json: missing or broken"):
        score_facts(None, embeddings, trials, tmp_path)
