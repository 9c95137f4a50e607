"""local.evaluate, local.compare and local.evaluate_identification, run for real."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import write_manifest
from utils.embeddings.files import write_embeddings
from utils.metrics.detection import equal_error_rate
from utils.trials.lists import pair_trials, write_trials
from utils.trials.scores import write_scores


@pytest.fixture
def run(root):
    def run_module(module, *arguments):
        command = [sys.executable, "-m", module, *map(str, arguments)]
        result = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run_module


@pytest.fixture
def scored(tmp_path, rng):
    """A scored trial list of 8 speakers with 4 utterances, and their manifest."""
    rows = [
        {"ID": f"{spk}-{n}", "duration": 1.0 + n, "wav": "x.wav", "start": 0,
         "stop": 16000, "spk_id": spk, "gender": "fm"[spk < "e"]}
        for spk in "abcdefgh" for n in range(4)
    ]  # fmt: skip
    manifest = pd.DataFrame(rows)
    write_manifest(tmp_path / "test.csv", manifest)
    trials = pair_trials(manifest)
    write_trials(tmp_path / "trials.txt", trials)
    trials["score"] = rng.normal(2 * trials["target"], 1)
    write_scores(tmp_path / "a.txt", trials)
    trials["score"] += 1.5 * trials["target"]
    write_scores(tmp_path / "b.txt", trials)
    return tmp_path, trials


def test_intervals_slices_costs_and_pictures(run, scored):
    folder, trials = scored
    result = run(
        "local.evaluate", folder / "trials.txt", folder / "b.txt",
        "--metadata", folder / "test.csv", "--bootstrap", 200, "--seed", 3,
        "--slice", "gender", "duration=2,3", "--cost", "voxsrc", "sre16",
        "--partition", "gender", "--plots", folder / "plots", "--threshold", 1,
        "--far", 0.1, "--frr", 0.1, "--partial-auc", 0.1,
        "--json", folder / "r.json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "r.json").read_text())
    assert found["eer"] == pytest.approx(
        equal_error_rate(trials["score"], trials["target"]), abs=1e-6
    )
    low, high = found["ci"]["eer"]
    assert 0 <= low <= found["eer"] <= high <= 1
    assert len(found["ci"]["min_dcf"]["0.01"]) == 2 and found["n_speakers"] == 8
    assert set(found["cost"]) == {"voxsrc", "sre16"}
    for cost in found["cost"].values():
        for kind in ("min", "act"):
            low, high = cost["ci"][kind]
            assert low <= cost[kind] <= high
    at, far, frr = found["operating"]
    assert at["threshold"] == 1 and far["far"] <= 0.1 and frr["frr"] <= 0.1
    assert 0 < found["partial_auc"]["0.1"] < found["auc"]
    parts = found["slices"]["gender"]["parts"]
    assert set(parts) == {"f", "m", "different"}
    assert sum(p["n_nontarget"] for p in parts.values()) == found["n_nontarget"]
    assert parts["different"]["n_target"] == 0 and "eer" not in parts["different"]
    assert set(parts["f"]["ci"]) == set(found["ci"])
    assert set(found["slices"]["duration"]["parts"]) == {"< 2", "2 to 3", ">= 3"}
    for text in (
        "95 % interval",
        "worst FRR",
        "sre16 min",
        "FRR, FAR at",
        "at far 0.1",
    ):
        assert text in result.stdout
    names = {path.name for path in (folder / "plots").iterdir()}
    assert {"det.png", "det.svg", "b-histogram.png", "b-calibration.svg"} <= names


def test_intervals_without_manifest(run, scored):
    folder, _ = scored
    files = folder / "trials.txt", folder / "a.txt"
    options = "--bootstrap", 100, "--json", folder / "r.json"
    result = run("local.evaluate", *files, *options)
    assert "speakers: 8, ids linked by target trials" in result.stdout
    first = (folder / "r.json").read_text()
    run("local.evaluate", *files, *options)
    assert (folder / "r.json").read_text() == first  # the seed decides


@pytest.mark.parametrize("form", ["voxceleb", "nist", "gzip", "parquet", "tabs"])
def test_every_format_gives_the_same(run, scored, form):
    folder, trials = scored
    label = np.where(trials["target"], "target", "nontarget")
    enrol, test, score = (
        trials[name].astype(str) for name in ("enrol", "test", "score")
    )
    paths = folder / f"t.{form}", folder / f"s.{form}"
    if form == "voxceleb":
        ones = trials["target"].astype(int).astype(str)
        paths[0].write_text("\n".join(ones + " " + enrol + " " + test))
        paths[1].write_text("\n".join(score + " " + enrol + " " + test))
    elif form == "nist":
        side = ["a"] * len(trials)
        names = {"modelid": enrol, "segmentid": test, "side": side}
        for path, last in zip(
            paths, ({"targettype": label}, {"LLR": score}), strict=True
        ):
            pd.DataFrame(names | last).to_csv(path, sep="\t", index=False)
    elif form == "tabs":
        for path, last in zip(paths, (label, score), strict=True):
            table = pd.DataFrame({0: enrol, 1: test, 2: last})
            table.to_csv(path, sep="\t", index=False, header=False)
    else:
        ending = {"gzip": ".gz", "parquet": ".parquet"}[form]
        paths = folder / f"t{ending}", folder / f"s{ending}"
        write_trials(paths[0], trials)
        write_scores(paths[1], trials)
    result = run("local.evaluate", *paths, "--json", folder / "x.json")
    assert result.returncode == 0, result.stderr
    run("local.evaluate", folder / "trials.txt", folder / "b.txt", "--json",
        folder / "y.json")  # fmt: skip
    x, y = (json.loads((folder / f"{n}.json").read_text()) for n in "xy")
    assert x["eer"] == y["eer"] and x["min_dcf"] == y["min_dcf"]
    assert x["cllr"] == pytest.approx(y["cllr"], abs=1e-6)


def test_the_format_can_be_named(run, tmp_path):
    """Ids that are numbers hide where a score without decimals stands."""
    (tmp_path / "t").write_text("1 7 8\n0 7 9\n")
    (tmp_path / "s").write_text("5 7 8\n3 7 9\n")
    result = run("local.evaluate", tmp_path / "t", tmp_path / "s")
    assert result.returncode == 1
    assert "columns 1 and 3 may both be the scores; say which: " in result.stderr
    named = "--format", "voxceleb"
    result = run("local.evaluate", tmp_path / "t", tmp_path / "s", *named)
    assert result.returncode == 0 and "EER                  0.0000 %" in result.stdout
    (tmp_path / "t").write_text("7 8 target\n7 9 nontarget\n")
    result = run("local.evaluate", tmp_path / "t", tmp_path / "s", *named)
    assert result.returncode == 1 and "t:1: label '7'; write 1 or 0" in result.stderr


def test_a_bad_line_of_a_nist_table_is_named(run, scored):
    folder, _ = scored
    path = folder / "t.tsv"
    path.write_text("modelid\tsegmentid\ttargettype\na\tb\ttarget\na\tc\tmaybe\n")
    result = run("local.evaluate", path, folder / "a.txt")
    assert result.returncode == 1
    assert f"{path}:3: label 'maybe'" in result.stderr


def test_compare(run, scored):
    folder, _ = scored
    files = folder / "trials.txt", folder / "a.txt", folder / "b.txt"
    options = "--bootstrap", 300, "--metadata", folder / "test.csv"
    result = run("local.compare", *files, *options, "--json", folder / "c.json")
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "c.json").read_text())["metrics"]["eer"]
    assert found["difference"] == pytest.approx(found["b"] - found["a"])
    assert found["difference"] < 0 and found["p_value"] < 0.05
    assert found["ci"][0] <= found["difference"] <= found["ci"][1]
    same = run("local.compare", *files[:2], files[1], *options)
    assert "+0.0000 to +0.0000" in same.stdout and "1.000" in same.stdout


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        ("local.evaluate", ["--slice", "gender"], "need --metadata"),
        ("local.evaluate", ["--slice", "d=2,1"], "invalid parse_slice value"),
        ("local.evaluate", ["--far", "2"], "rates above 0"),
        ("local.evaluate", ["--cost", "sre99"], "invalid choice: 'sre99'"),
        ("local.compare", ["c", "--bootstrap", "5"], "100 resamples"),
    ],
)
def test_wrong_usage(run, module, options, message):
    result = run(module, "a", "b", *options)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.fixture
def identified(scored, rng):
    """Every utterance against the models of 6 of the 8 speakers."""
    folder, trials = scored
    tests = sorted({*trials["enrol"], *trials["test"]})
    rows = [(f"model-{m}", t, m == t[0]) for m in "abcdef" for t in tests]
    table = pd.DataFrame(rows, columns=["enrol", "test", "target"])
    write_trials(folder / "id.txt", table)
    table["score"] = rng.normal(1.5 * table["target"], 1)
    write_scores(folder / "id-scores.txt", table)
    return folder, table


def test_identification(run, identified):
    folder, table = identified
    vectors = np.eye(8)[["abcdefgh".index(t[0]) for t in sorted(set(table["test"]))]]
    write_embeddings(folder / "emb", sorted(set(table["test"])), 3 * vectors)
    result = run(
        "local.evaluate_identification", folder / "id.txt", folder / "id-scores.txt",
        "--rank", 1, 2, "--fpir", 0.25, "--plots", folder, "--json", folder / "i.json",
        "--embeddings", folder / "emb", "--metadata", folder / "test.csv",
        "--bootstrap", 100,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "i.json").read_text())
    assert (found["gallery_size"], found["n_known"], found["n_unknown"]) == (6, 24, 8)
    best = table.loc[table.groupby("test")["score"].idxmax()]
    known = best[best["test"].str[0] < "g"]
    assert found["rank"]["1"] == pytest.approx(known["target"].mean())
    assert found["rank"]["1"] <= found["rank"]["2"] <= 1
    assert 0 < found["dir_at_fpir"]["0.25"] <= found["rank"]["1"]
    for name, value in (("map", found["map"]), ("rank", found["rank"]["1"])):
        low, high = found["ci"][name] if name == "map" else found["ci"]["rank"]["1"]
        assert 0 < low <= value <= high <= 1 and low < high
    assert found["hundred_way"] == {"eer": 0.0, "accuracy": 1.0, "n_anchors": 32}
    assert (folder / "cmc.png").stat().st_size > 1000


def test_identification_needs_all_pairs(run, identified):
    folder, table = identified
    write_trials(folder / "id.txt", table.iloc[1:].reset_index())
    result = run(
        "local.evaluate_identification", folder / "id.txt", folder / "id-scores.txt"
    )
    assert result.returncode == 1
    assert "a score but no trial" in result.stderr
    write_scores(folder / "id-scores.txt", table.iloc[1:].reset_index())
    result = run(
        "local.evaluate_identification", folder / "id.txt", folder / "id-scores.txt"
    )
    assert result.returncode == 1
    assert "needs every test against every model" in result.stderr
