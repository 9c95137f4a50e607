"""Back-ends in files: every part, older folders, and what is not read."""

import json

import numpy as np
import pytest

from utils.backend.backend import Backend, MeasuredModels
from utils.backend.calibration import Calibration, LinearFusion
from utils.backend.files import load_backend, read_backend_facts, save_backend
from utils.backend.normalisation.cohort import Cohort
from utils.backend.normalisation.methods import (
    AdaptiveSNorm,
    CrossAdaptiveSNorm,
    SNorm,
    TNorm,
    ZNorm,
    ZTNorm,
)
from utils.backend.pairs import score_trials
from utils.backend.parts import Stored, restore, store
from utils.backend.plda.model import Plda
from utils.backend.scorers import CosineScorer, Models, PldaScorer
from utils.backend.transforms import Affine, LengthNorm, Transform
from utils.runtime.errors import UserError

PLDA = Plda(
    np.array([0.1, 0.2]), np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([2, 1.0])
)
COHORT = Cohort(
    Models(np.array([[1.0, 2], [0, 1], [3, -1]]), np.array([1, 2, 2])),
    np.array(["s0", "s1", "s2"]),
)
CALIBRATION = Calibration(
    LinearFusion(np.array([2.0, 0.25, -0.5]), -1.0, 0.05), ("cohort_mean",),
    {"far 0.01": 3.5}, ("v0", "v1"), {"n_target": 7, "n_nontarget": 9},
)  # fmt: skip
METHODS = [ZNorm(), TNorm(), SNorm(), ZTNorm(), AdaptiveSNorm(3), CrossAdaptiveSNorm(2)]


def scores_of(backend):
    vectors = np.random.default_rng(1).standard_normal((5, 2))
    models = backend.enrol_single(backend.prepare(vectors))
    side, rows = MeasuredModels(models), np.arange(5)
    return score_trials(backend, side, side, rows, rows[::-1])


def write_old_folder(folder):
    """Write a back-end as files were before parts stored themselves."""
    folder.mkdir()
    content = {
        "model_sha256": "a1",
        "transforms": ["length", "affine"],
        "notes": ["LDA: 2 to 2 dimensions"],
        "plda": {"length_norm": "psi", "average_enrolment": True},
        "norm": {"method": "as", "top": 2},
        "calibration": {
            "weights": [2.0, 0.25, -0.5], "offset": -1.0, "prior": 0.05,
            "quality": ["cohort_mean"], "thresholds": {"far 0.01": 3.5},
            "trained_on": {"n_target": 7, "n_nontarget": 9}, "speakers": ["v0", "v1"],
        },
        "commit": "abc",
    }  # fmt: skip
    (folder / "backend.json").write_text(json.dumps(content))
    np.savez(
        folder / "backend.npz",
        **{
            "transform1.mean": np.array([0.5, 0.25]),
            "transform1.matrix": 2 * np.eye(2),
        },
        **{f"plda.{name}": part for name, part in vars(PLDA).items()},
        **{f"cohort.{name}": part for name, part in vars(COHORT.models).items()},
        **{"cohort.speakers": COHORT.speakers},
    )


def test_an_older_folder_is_read(tmp_path):
    write_old_folder(tmp_path / "old")
    found, model_sha256 = load_backend(tmp_path / "old")
    oracle = Backend(
        (LengthNorm(), Affine(np.array([0.5, 0.25]), 2 * np.eye(2))),
        PldaScorer(PLDA, "psi", True), AdaptiveSNorm(2), COHORT, CALIBRATION,
    )  # fmt: skip
    np.testing.assert_array_equal(scores_of(found), scores_of(oracle))
    assert model_sha256 == "a1" and found.learns and found.needs == ("train",)
    assert vars(found.calibration) | {"fusion": 0} == vars(CALIBRATION) | {"fusion": 0}
    facts = read_backend_facts(tmp_path / "old")
    assert facts["name"] == "old" and facts["calibrated"] is True
    save_backend(tmp_path / "new", found, model_sha256, {})
    again, _ = load_backend(tmp_path / "new")
    np.testing.assert_array_equal(scores_of(again), scores_of(oracle))


def test_an_older_cosine_is_read(tmp_path):
    folder = tmp_path / "cosine"
    folder.mkdir()
    old = {"model_sha256": None, "transforms": [], "notes": []}
    (folder / "backend.json").write_text(json.dumps(old))
    np.savez(folder / "backend.npz")
    found, _ = load_backend(folder)
    assert found == Backend() and not found.learns


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_every_normalisation_comes_back(tmp_path, method):
    backend = Backend(normalisation=method, cohort=COHORT, needs=("cohort", "train"))
    save_backend(tmp_path / "b", backend, None, {"name": "cosine+x"})
    again, _ = load_backend(tmp_path / "b")
    assert again.normalisation == method and again.needs == ("cohort", "train")
    np.testing.assert_array_equal(scores_of(again), scores_of(backend))
    facts = read_backend_facts(tmp_path / "b")
    assert facts["needs"] == ["cohort", "train"] and facts["learns"] is True
    assert facts["calibrated"] is False and facts["name"] == "cosine+x"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scorer": {"kind": "os.system"}}, "no scorer of the kind 'os.system'"),
        ({"scorer": {"kind": "length"}}, "no scorer of the kind 'length'"),
        ({"scorer": {"kind": "cosine", "command": "x"}}, "unexpected keyword"),
        ({"transforms": [{"kind": "subprocess.run"}]}, "no transform of the kind"),
        ({"transforms": [{"kind": ["affine"]}]}, "no whole back-end"),
        ({"transforms": [{}]}, "'kind'"),
        ({"normalisation": {"kind": "as", "top": "9"}}, "top must be a whole number"),
        ({"calibration": {"kind": "linear"}}, "'weights'"),
        ({"transforms": None}, "no whole back-end"),
    ],
)
def test_a_file_builds_nothing_but_parts_of_back_ends(tmp_path, change, told):
    save_backend(tmp_path / "b", Backend(), None, {})
    path = tmp_path / "b/backend.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(
        UserError, match=r"no whole back-end \(.*\); train it again"
    ) as e:
        load_backend(tmp_path / "b")
    assert told in str(e.value) and "\n" not in str(e.value)


def test_a_list_of_anything_is_no_back_end(tmp_path):
    save_backend(tmp_path / "b", Backend(), None, {})
    (tmp_path / "b/backend.json").write_text("[1]")
    with pytest.raises(UserError, match="no whole back-end"):
        load_backend(tmp_path / "b")
    (tmp_path / "b/backend.json").write_text("{")
    with pytest.raises(UserError, match="no back-end"):
        read_backend_facts(tmp_path / "b")


def test_two_classes_cannot_share_a_kind():
    with pytest.raises(TypeError, match="CosineScorer is of kind 'cosine'"):
        type("Other", (Stored,), {}, kind="cosine")
    unnamed = type("Unnamed", (CosineScorer,), {})
    with pytest.raises(TypeError, match="Unnamed needs a kind of its own"):
        store(unnamed())


def test_a_transform_of_another_dimension_is_told():
    affine = restore(
        Transform, {"kind": "affine"}, {"mean": np.zeros(3), "matrix": np.eye(3)}
    )
    with pytest.raises(ValueError, match="have D=2, the back-end was trained on D=3"):
        affine(np.ones((1, 2)))
    with pytest.raises(ValueError, match="have D=5, the back-end was trained on D=2"):
        PldaScorer(PLDA).prepare(np.ones((1, 5)))
