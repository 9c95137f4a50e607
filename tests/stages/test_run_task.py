"""`./run.sh --task`: a label in place of speakers, in a tiny configuration."""

import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import read_manifest

TINY = [
    "--env", "none", "--nj", "1", "--prepare-options", "--speakers 16 --utterances 4",
]  # fmt: skip
NETWORK = (
    "--net.width 4 --net.n_blocks 1 --net.embedding_dim 16 --pretrain.epochs 1 "
    "--pretrain.epoch_crops 32 --pretrain.batch_size 8"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("task")


@pytest.fixture
def run(root, folder):
    def run_sh(tag, *options):
        return subprocess.run(
            [root / "run.sh", *TINY, "--data", folder / "data",
             "--exp", folder / tag, *options],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip

    return run_sh


def check(result, exp):
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return json.loads((exp / "results.json").read_text())


@pytest.mark.slow
def test_a_network_learns_a_label_end_to_end(run, folder):
    told = run("gender", "--task", "gender", "--overrides", NETWORK)
    results = check(told, folder / "gender")
    systems = {(r["system"], r["speakers"]) for r in results}
    assert {("network", "apart"), ("majority", "apart"), ("averages", "shared"),
            ("nearest-speaker", "apart")} <= systems  # fmt: skip
    for result in results:
        assert f"{100 * result['macro_f1']:.1f}" in told.stdout
        low, high = result["ci"]["macro_f1"]
        assert low <= result["macro_f1"] <= high
    parts = [read_manifest(folder / f"gender/task/{p}.csv")
             for p in ("train", "valid", "test")]  # fmt: skip
    speakers = [set(part["spk_id"]) for part in parts]
    assert not speakers[0] & speakers[2] and not speakers[1] & speakers[2]
    assert ("network", "shared") not in systems
    again = run("gender", "--task", "gender", "--overrides", NETWORK)
    assert "stage 6: up to date" in again.stdout, again.stdout


@pytest.mark.slow
def test_a_network_learns_levels_and_is_probed_on_shared_speakers(run, folder):
    told = run("levels", "--task", "duration", "--task-options", "--ordinal",
               "--leak-probe", "--overrides", NETWORK)  # fmt: skip
    results = check(told, folder / "levels")
    networks = {r["speakers"]: r for r in results if r["system"] == "network"}
    assert set(networks) == {"apart", "shared"}
    assert "with splits that share speakers it would read" in told.stdout
    parts = pd.concat(read_manifest(folder / f"levels/task/{part}.csv")
                      for part in ("train", "valid", "test"))  # fmt: skip
    for division, column in (("apart", "part"), ("shared", "shared_part")):
        learnt = parts[parts[column] == "train"]
        made_by = folder / ("levels/network" + "-shared" * (division == "shared"))
        facts = json.loads((made_by / "experiment.json").read_text())
        assert facts["n_train_speakers"] == learnt["spk_id"].nunique()
        with np.load(made_by / "outputs.npz") as outputs:
            levels, weights = outputs["values"], outputs["weights"]
        durations = learnt["duration"].astype(float)
        assert (np.diff(levels) > 0).all() and len(levels) == 8
        assert np.median(levels) == pytest.approx(durations.median(), rel=0.1)
        assert (weights == weights[:, :1]).all()  # one direction, as CORAL has
        own = pd.read_csv(folder / f"levels/told/{division}.network.csv")
        tests = parts[parts[column] == "test"]
        assert sorted(own["ID"]) == sorted(tests["ID"])
        assert own["duration"].between(levels[0], levels[-1]).all()
        wanted = tests.set_index("ID")["duration"].astype(float)
        error = (own.set_index("ID")["duration"] - wanted).abs().mean()
        assert networks[division]["mae"] == pytest.approx(error, rel=1e-3)


@pytest.mark.slow
def test_a_trained_model_s_embeddings_tell_a_label(run, folder, root):
    how = ("--pretrained", root / "recipes/general/model", "--heads", "linear",
           "--task", "channel-of-no-manifest")  # fmt: skip
    refused = run("wrong", *how)
    assert refused.returncode == 1 and "no such column; there are" in refused.stderr
    told = run("own", *how[:-1], "gender")
    results = check(told, folder / "own")
    assert {r["system"] for r in results} == {
        "majority", "nearest-speaker", "pauses", "averages", "linear",
    }  # fmt: skip
    assert "linear, chosen by training speakers left out" in told.stdout
    frame = pd.read_csv(folder / "own/told/apart.linear.csv")
    tests = read_manifest(folder / "own/task/test.csv")
    assert sorted(frame["ID"]) == sorted(tests["ID"])
    assert np.isfinite(frame[["f", "m"]]).all(axis=None)
    page = (folder / "own/report.html").read_text()
    assert "<svg" in page and "macro-F1" in page


def test_wrong_options_are_refused(run):
    told = run("x", "--task", "gender", "--seeds", "2")
    assert told.returncode == 2 and "--task trains once" in told.stderr
    told = run("x", "--task", "gender", "--train-processes", "2")
    assert told.returncode == 2 and "--task trains in one process" in told.stderr
    told = run("x", "--leak-probe")
    assert told.returncode == 2 and "only with --task" in told.stderr
    told = run("x", "--task", "a", "--leak-probe", "--pretrained", ".")
    assert told.returncode == 2 and "are probed without it" in told.stderr
    told = run("x", "--task", "gender", "--pretrained", ".", "--heads", "linear forest")
    assert told.returncode == 2 and "--heads: no forest in hparams" in told.stderr
