"""local.evaluate, local.compare and local.evaluate_identification, run for real."""

import json

import numpy as np
import pandas as pd
import pytest

from utils.data.manifest import write_manifest
from utils.embeddings.files import write_embeddings
from utils.metrics.detection import equal_error_rate, min_dcf
from utils.trials.lists import pair_trials, write_trials
from utils.trials.scores import write_scores


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
        ("local.evaluate", ["--cost", "1,2"], "write C_miss,C_fa,P_target, such as"),
        ("local.compare", ["c", "--cost", "sre16"], "write C_miss,C_fa,P_target, such"),
        ("local.compare", ["c", "--bootstrap", "5"], "100 resamples"),
    ],
)
def test_wrong_usage(run, module, options, message):
    result = run(module, "a", "b", *options)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.fixture
def distances(scored):
    """The same scores as distances: lower for the same speaker."""
    folder, trials = scored
    write_scores(folder / "d.txt", trials.assign(score=5 - trials["score"]))
    return folder


def test_distances_are_told_and_can_be_evaluated(run, distances):
    folder = distances
    files = folder / "trials.txt", folder / "d.txt"
    result = run("local.evaluate", *files)
    assert result.returncode == 0
    assert "lower scores look like the same speaker, as with distances; say" in (
        result.stderr
    )
    options = "--far", 0.1, "--bootstrap", 100, "--metadata", folder / "test.csv"
    options += "--slice", "gender", "--json"
    plain = run(
        "local.evaluate", files[0], folder / "b.txt", *options, folder / "x.json"
    )
    result = run(
        "local.evaluate", *files, "--lower-is-same", "--threshold", 4, *options,
        folder / "y.json",
    )  # fmt: skip
    assert result.returncode == 0 and result.stderr == plain.stderr == ""
    x, y = (json.loads((folder / f"{name}.json").read_text()) for name in "xy")
    assert y["lower_is_same"] and not x["lower_is_same"]
    for name in ("eer", "min_dcf", "auc", "min_cllr"):
        assert x[name] == pytest.approx(y[name])
    assert y["threshold_eer"] == pytest.approx(5 - x["threshold_eer"], abs=1e-5)
    low, high = x["ci"]["threshold_eer"]
    assert y["ci"]["threshold_eer"] == pytest.approx([5 - high, 5 - low], abs=1e-5)
    table = pd.read_csv(folder / "d.txt", sep=" ", header=None)
    labels = pd.read_csv(files[0], sep=" ", header=None)[2]
    for point in y["operating"]:
        accepted = table[2] <= point["threshold"]
        assert accepted[labels == "nontarget"].mean() == pytest.approx(point["far"])
        assert (~accepted)[labels == "target"].mean() == pytest.approx(point["frr"])
    assert [point["at"] for point in y["operating"]] == ["threshold 4", "far 0.1"]
    parts = (found["slices"]["gender"]["threshold"] for found in (x, y))
    assert next(parts) == pytest.approx(5 - next(parts), abs=1e-5)
    wrong = run("local.evaluate", files[0], folder / "b.txt", "--lower-is-same")
    assert "leave --lower-is-same out" in wrong.stderr


def test_distances_in_the_other_programs(run, distances):
    files = distances / "trials.txt", distances / "b.txt", distances / "d.txt"
    options = "--bootstrap", 100, "--json", distances / "r.json"
    result = run("local.compare", *files, *options)
    assert "d.txt: EER" in result.stderr and "b.txt: EER" not in result.stderr
    assert not json.loads((distances / "r.json").read_text())["lower_is_same"]
    result = run("local.compare", *files, *options, "--lower-is-same")
    assert "b.txt: EER" in result.stderr and "d.txt: EER" not in result.stderr
    assert json.loads((distances / "r.json").read_text())["lower_is_same"]


def test_costs_in_every_program(run, scored):
    folder, trials = scored
    cost = "--cost", "10,1,0.01", "--cost", "1,10,0.5", "--json", folder / "r.json"
    scores, is_target = trials["score"].to_numpy(), trials["target"].to_numpy()
    expected = {
        "10,1,0.01": min_dcf(scores, is_target, 0.01, 10, 1),
        "1,10,0.5": min_dcf(scores, is_target, 0.5, 1, 10),
    }
    files = folder / "trials.txt", folder / "b.txt"
    options = "--bootstrap", 100, "--cost", "voxsrc"
    result = run("local.evaluate", *files, *options, *cost)
    found = json.loads((folder / "r.json").read_text())["cost"]
    assert set(found) == {*expected, "voxsrc"}
    for name, value in expected.items():
        assert found[name]["min"] == pytest.approx(value, abs=1e-6)
        assert found[name]["ci"]["min"][0] <= value <= found[name]["ci"]["min"][1]
        assert f"{name} min" in result.stdout
    result = run("local.compare", *files, files[1], "--bootstrap", 100, *cost)
    found = json.loads((folder / "r.json").read_text())["metrics"]
    np.save(folder / "s.npy", scores)
    np.save(folder / "l.npy", is_target)
    arrays = folder / "s.npy", folder / "l.npy"
    array = run("local.evaluate_array", *arrays, *cost)
    streamed = json.loads((folder / "r.json").read_text())["min_dcf"]
    for name, value in expected.items():
        assert found[f"min_dcf {name}"]["a"] == pytest.approx(value, abs=1e-6)
        assert streamed[name] == pytest.approx(value)
        assert f"minDCF ({name})" in array.stdout


@pytest.mark.parametrize("dtype", ["f8", "f2", "u1", "i4"])
def test_an_array_of_distances(run, tmp_path, dtype):
    np.save(tmp_path / "s.npy", np.array([1, 9, 8], dtype=dtype))
    np.save(tmp_path / "l.npy", np.array([True, False, False]))
    arrays = tmp_path / "s.npy", tmp_path / "l.npy", "--json", tmp_path / "r.json"
    result = run("local.evaluate_array", *arrays)
    assert "as with distances; say --lower-is-same" in result.stderr
    result = run("local.evaluate_array", *arrays, "--lower-is-same")
    assert result.returncode == 0 and result.stderr == ""
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["eer"] == 0 and found["lower_is_same"]


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


def test_templates_and_several_targets(run, identified):
    folder, table = identified
    second = table.assign(enrol="second-" + table["enrol"].astype(str))
    second["score"] = second["score"] - 0.5
    both = pd.concat([table, second], ignore_index=True)
    write_trials(folder / "two.txt", both)
    write_scores(folder / "two-scores.txt", both)
    found = {}
    for name in ("id", "two"):
        files = folder / f"{name}.txt", folder / f"{name}-scores.txt"
        result = run("local.evaluate_identification", *files, "--bootstrap", 50,
            "--json", folder / "i.json")  # fmt: skip
        assert result.returncode == 0, result.stderr
        found[name] = json.loads((folder / "i.json").read_text())
    assert "12 models are templates of 6 speakers; each" in result.stdout
    for name in ("gallery_size", "n_known", "rank", "map", "dir_at_fpir", "ci"):
        assert found["two"][name] == found["id"][name]
    table.loc[(table["enrol"] == "model-b") & (table["test"] == "a-0"), "target"] = True
    write_trials(folder / "id.txt", table)
    result = run(
        "local.evaluate_identification", folder / "id.txt", folder / "id-scores.txt"
    )
    assert result.returncode == 0, result.stderr
    assert "n_known              24" in result.stdout
