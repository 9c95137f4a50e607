"""What the programs of run.sh --task share: a task's data, heads and what they told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.attributes.inputs import BOTH, EMBEDDING, PITCH, join_inputs, split_name
from utils.runtime.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from utils.attributes.fitting import FittedHead
    from utils.attributes.labels import Task
    from utils.attributes.learning import Labelled, Learner

OUTPUTS = "outputs.npz"  # beside a trained encoder: the layer that tells the label
_EMBEDDED = "train", "valid", "test"
_UNLEAKED = "majority", "pauses"  # shared speakers change little of these
_NOT_HEADS = {"n_folds", "seed", "n_resamples", "n_levels", "baselines", "probe"}


@dataclass(frozen=True)
class TaskData:
    """The labelled utterances of a task, and what is known of each.

    Attributes
    ----------
    exp : Path
    task : Task
    rows : DataFrame
        ``ID``, ``spk_id``, ``label``, ``part``, ``shared_part``.
    inputs : dict of ndarray, shape (N, D)
        Embeddings, averages and pauses of the rows.
    model_sha256 : str
        Hash of the model that embedded.
    model : str
        Where it lies.
    """

    exp: Path
    task: Task
    rows: pd.DataFrame
    inputs: dict[str, np.ndarray]
    model_sha256: str
    model: str

    def divisions_of(self, system: str) -> tuple[str, ...]:
        """Return the divisions of utterances that a system is tested on."""
        from utils.attributes.told import DIVISIONS

        return tuple(DIVISIONS)[:1] if system in _UNLEAKED else tuple(DIVISIONS)

    def labelled(self, inputs: str, division: str) -> tuple[Labelled, Labelled]:
        """Return training (with validation) and test of a division."""
        from utils.attributes.learning import Labelled
        from utils.attributes.told import DIVISIONS

        everything = Labelled(
            self.inputs[inputs],
            self.task.targets(self.rows["label"]),
            self.rows["spk_id"].to_numpy(dtype=str),
            len(self.task.classes),
        )
        is_test = (self.rows[DIVISIONS[division]] == "test").to_numpy()
        return everything.take(~is_test), everything.take(is_test)

    def save(self, name: str, inputs: str, fitted: FittedHead) -> None:
        """Keep a head."""
        from utils.attributes.files import StoredHead, save_head

        learnt = self.rows[self.rows["part"] != "test"]
        facts = {
            "model": self.model,
            "name": name,
            "inputs": inputs,
            "n_speakers": int(learnt["spk_id"].nunique()),
            "n_utterances": len(learnt),
        }
        stored = StoredHead(fitted, self.task, self.model_sha256, facts)
        save_head(self.exp / "heads" / name, stored)


def read_task_rows(exp: Path) -> tuple[Task, pd.DataFrame, dict[str, Any]]:
    """Read a task of an experiment, and its manifests as one with a column ``part``."""
    import pandas as pd

    from utils.attributes.division import PARTS
    from utils.attributes.files import read_task
    from utils.data.manifest import read_manifest

    task, facts = read_task(exp / "task")
    parts = [read_manifest(exp / "task" / f"{part}.csv") for part in PARTS]
    return task, pd.concat(parts, ignore_index=True), facts


def open_task_data(
    exp: Path, sources: dict[str, Path | None], features: Path, model: Path
) -> TaskData:
    """Read a task, with embeddings, averages and pauses of its utterances.

    Parameters
    ----------
    exp : Path
    sources : dict of Path
        Folders of ``embeddings``, and perhaps of measures of the ``voice``.
    features : Path
    model : Path

    Raises
    ------
    UserError
        Something is missing.
    """
    task, rows, _ = read_task_rows(exp)
    found, hashes = {}, {}
    for name, folder in sources.items():
        if folder and (name == "embeddings" or folder.is_dir()):
            found[name], hashes[name] = read_splits(folder)
    recordings = found | read_recordings(features)
    known = set.intersection(*(set(of) for of in recordings.values()))
    rows = rows[rows["ID"].isin(known)].reset_index(drop=True)  # less what is left out
    if rows.empty:
        raise UserError(
            f"{exp}: none of the task's utterances is embedded; run stage 5"
        )
    inputs = {
        name: np.stack([np.asarray(of[ID], dtype=np.float64) for ID in rows["ID"]])
        for name, of in recordings.items()
    }
    if "voice" in inputs:
        own = inputs["embeddings"], inputs.pop("voice")
        inputs |= {name: join_inputs(name, *own) for name in (BOTH, PITCH)}
    return TaskData(exp, task, rows, inputs, hashes["embeddings"], str(model))


def read_splits(folder: Path) -> tuple[dict[str, np.ndarray], str]:
    """Read vectors by utterance from all splits of a folder, and their model's hash."""
    from utils.embeddings.files import read_embeddings, read_model_hash

    found: dict[str, np.ndarray] = {}
    made_by = None
    for split in _EMBEDDED:
        if (folder / f"{split}.npy").is_file():
            made_by = read_model_hash(folder / split)
            found |= dict(zip(*read_embeddings(folder / split), strict=True))
    if not found:
        raise UserError(f"{folder}: no embeddings; run stage 5 first")
    return found, str(made_by)


def read_recordings(features: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return averages and pauses of every utterance, as stage 2 stored it."""
    from utils.attributes.pauses import pause_features
    from utils.features.store import FeatureStore

    found: dict[str, dict[str, np.ndarray]] = {"averages": {}, "pauses": {}}
    for split in _EMBEDDED:
        if not (features / split / "index.csv").is_file():
            continue
        store = FeatureStore(features / split)
        ids = list(store.ids)
        found["averages"] |= dict(zip(ids, store.averages(ids), strict=True))
        lengths = store.index["n_total"]
        found["pauses"] |= {
            name: pause_features(store.slice(row), int(lengths[row]))
            for row, name in enumerate(ids)
        }
    if not found["averages"]:
        raise UserError(f"{features}: no features; run stage 2 first")
    return found


def choose_learners(
    settings: dict, heads: list[str], path: Path, task: Task
) -> dict[tuple[str, str], Learner]:
    """Return baselines, probes and heads, by name and by what they are learnt on.

    Raises
    ------
    UserError
        There is no such head, or it is for what lies in an order.
    """
    known = [name for name in settings if name not in _NOT_HEADS]
    for name in heads:
        learner, _ = split_name(name)
        if learner not in known:
            raise UserError(
                f"{path}: no head {name!r}; there are {', '.join(known)}, each also "
                "with +voice or @pitch"
            )
        is_in_order = task.has_order or len(task.classes) == 2
        if settings[learner].needs_order and not is_in_order:
            raise UserError(
                f"--heads {name}: {task.column} is of classes in no order; it is for a "
                "number, whole or divided by --cut"
            )
    return (
        {(name, EMBEDDING): own for name, own in settings["baselines"].items()}
        | {(name, name): settings["probe"] for name in ("pauses", "averages")}
        | {
            (name, inputs): settings[learner]
            for name in heads
            for learner, inputs in [split_name(name)]
        }
    )


def tell_by_network(data: TaskData, division: str = "apart") -> np.ndarray:
    """Tell the test by the outputs of a network that was trained on a task's division.

    They are calibrated on the validation part, which it was not trained on; the head is
    kept as others are.
    """
    from utils.attributes.fitting import fit_trained
    from utils.attributes.heads import CUMULATIVE, PLAIN, Head, Layer
    from utils.attributes.told import APART, DIVISIONS

    with np.load(Path(data.model) / OUTPUTS) as file:
        layer, values = Layer(file["weights"], file["offsets"]), file["values"]
    ending = CUMULATIVE if data.task.is_ordinal else PLAIN
    head = Head((layer,), ending, values, len(data.task.classes))
    train, test = data.labelled(EMBEDDING, division)
    part = data.rows[DIVISIONS[division]].to_numpy()
    fitted = fit_trained(head, train, part[part != "test"] == "valid")
    if division == APART:
        data.save("network", EMBEDDING, fitted)
    return fitted(test.vectors)
