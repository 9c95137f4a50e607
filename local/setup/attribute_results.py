"""What the systems of a task told of its test: written, read, and where it is from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.runtime.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from local.setup.attributes import TaskData
    from utils.attributes.labels import Task


def write_told(
    exp: Path, data: TaskData, told: dict[tuple[str, str], np.ndarray]
) -> None:
    """Write what every system told of its test, in place of what was there."""
    from utils.attributes.results import told_frame
    from utils.attributes.told import DIVISIONS
    from utils.runtime.atomic import replacing_folder

    with replacing_folder(exp / "told") as folder:
        for (division, name), values in told.items():
            ids = data.rows.loc[data.rows[DIVISIONS[division]] == "test", "ID"]
            frame = told_frame(ids.tolist(), values, data.task)
            path = folder / f"{division}.{name}.csv"
            frame.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")
    kept = {name for _, name in told}
    for folder in (exp / "heads").glob("*"):
        if folder.name not in kept:
            shutil.rmtree(folder)


def read_told(exp: Path, task: Task, rows: pd.DataFrame) -> list[Any]:
    """Read what every system told, in the order of the table.

    Raises
    ------
    UserError
        Nothing was told, or of other utterances.
    """
    import pandas as pd

    from utils.attributes.told import Told

    by_name = rows.set_index("ID")
    found = []
    for path in sorted((exp / "told").glob("*.csv")):
        division, _, system = path.stem.partition(".")
        frame = pd.read_csv(path, dtype={"ID": str}, keep_default_na=False)
        unknown = ~frame["ID"].isin(by_name.index)
        if unknown.any():
            name = frame["ID"][unknown].iloc[0]
            raise UserError(f"{path}: {name!r} is not in the task; run stage 6 again")
        own = by_name.loc[frame["ID"]]
        values = frame.drop(columns="ID").to_numpy(dtype=float)
        values = values[:, 0] if task.is_number else values
        targets = task.targets(own["label"])
        speakers = own["spk_id"].to_numpy(dtype=str)
        found.append(Told(system, division, values, targets, speakers))
    if not found:
        raise UserError(f"{exp / 'told'}: nothing was told; run stage 6 first")
    return sorted(found, key=lambda told: told.order)


def task_facts(
    exp: Path, model: Path | None, task: Task, division: dict[str, Any]
) -> dict[str, Any]:
    """Return where a task's results come from."""
    from dataclasses import asdict

    from utils.attributes.files import load_head
    from utils.report.provenance import program_facts
    from utils.runtime.fingerprint import hash_file

    heads = {path.name: load_head(path).fitted for path in (exp / "heads").glob("*")}
    simplest = sorted(heads, key=lambda name: (heads[name].head.n_parameters, name))
    return (
        {
            "losses": {name: heads[name].loss for name in simplest},
            "task": asdict(task),
            "experiment": str(exp),
            "model": str(model) if model else None,
            "model_sha256": hash_file(model / "encoder.pt") if model else None,
            "test_sha256": hash_file(exp / "task" / "test.csv"),
            "priors": "all classes equally likely",
            "shared_speakers": [],
        }
        | division
        | program_facts()
    )
