"""Stored features: float16 shards that are memory-mapped, and their index.

A folder holds ``shard-000.npy`` ... of shape (frames, F), and ``index.csv`` with a
row per stored version of an utterance: where its frames lie, who speaks (``spk_id``;
``origin``, the speaker copied, where another voice counts as another speaker), which
``utterance`` of the manifest it was made of, at which ``speed`` and with which
``formants`` (see `utils.audio.voices`), how much is speech.
``averages.npy`` (rows, 3F) holds `utils.features.averages.average_features` of each.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from utils.runtime.errors import UserError

INDEX_COLUMNS = [
    "ID", "spk_id", "origin", "utterance", "speed", "formants",
    "shard", "offset", "n_frames", "n_total", "segments",
]  # fmt: skip
_AVERAGES = "averages.npy"
TEXT_COLUMNS = ("ID", "spk_id", "origin", "utterance", "formants", "segments")


class FeatureWriter:
    """Collect utterances and write them in shards.

    Parameters
    ----------
    folder : Path
        Existing empty folder.
    shard_frames : int
        A shard is written once it has this many frames.

    Example
    -------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with FeatureWriter(folder) as writer:
    ...     writer.add({"ID": "a-1", "spk_id": "a"}, np.ones((5, 2), np.float16))
    >>> FeatureStore(folder).frames("a-1").shape
    (5, 2)
    """

    def __init__(self, folder: Path, shard_frames: int = 500_000) -> None:
        self.folder, self.shard_frames = folder, shard_frames
        self.rows: list[dict] = []
        self.pending: list[np.ndarray] = []
        self.n_pending = 0
        self.n_shards = 0

    def add(self, row: dict, features: np.ndarray) -> None:
        """Add one utterance: its index row, and features of shape (T, F).

        A row without ``origin``, ``utterance`` and ``speed`` is an original; the
        ``averages`` of all rows are stored if all have some.
        """
        place = {
            "shard": self.n_shards,
            "offset": self.n_pending,
            "n_frames": len(features),
        }
        original = {"origin": row["spk_id"], "utterance": row["ID"], "speed": 1.0}
        self.rows.append(original | row | place)
        self.pending.append(features)
        self.n_pending += len(features)
        if self.n_pending >= self.shard_frames:
            self._write_shard()

    def _write_shard(self) -> None:
        shard = np.concatenate(self.pending).astype(np.float16, copy=False)
        np.save(self.folder / f"shard-{self.n_shards:03d}.npy", shard)
        self.pending, self.n_pending = [], 0
        self.n_shards += 1

    def __enter__(self) -> "FeatureWriter":
        """Start writing."""
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        """Write the last shard and the index, unless the block failed."""
        if kind is not None:
            return
        if self.pending:
            self._write_shard()
        averages = [row["averages"] for row in self.rows if "averages" in row]
        if averages and len(averages) == len(self.rows):
            np.save(self.folder / _AVERAGES, np.stack(averages))
        index = pd.DataFrame(self.rows).reindex(columns=INDEX_COLUMNS)
        index.to_csv(self.folder / "index.csv", index=False)


class FeatureStore:
    """Read stored features without loading them.

    Parameters
    ----------
    folder : Path or str
        A folder written by `FeatureWriter`.

    Attributes
    ----------
    index : DataFrame
        One row per stored utterance, columns `INDEX_COLUMNS`.

    Raises
    ------
    UserError
        The folder holds no features.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        path = self.folder / "index.csv"
        if not path.is_file():
            raise UserError(f"{path}: no such features; run stage 2 first")
        text = dict.fromkeys(TEXT_COLUMNS, str)
        self.index = pd.read_csv(path, dtype=text, keep_default_na=False)
        self.shards = [
            np.load(shard, mmap_mode="r")
            for shard in sorted(self.folder.glob("shard-*.npy"))
        ]
        self._read_places()

    def _read_places(self) -> None:
        self._row_of = {name: row for row, name in enumerate(self.index["ID"])}
        columns = self.index[["shard", "offset", "n_frames"]]
        self._places = columns.to_numpy(np.int64)

    def part(self, is_kept: np.ndarray) -> "FeatureStore":
        """Return a store of some of the utterances: (n_utterances,) of bool."""
        part = copy.copy(self)
        part.index = self.index[is_kept].reset_index(drop=True)
        part._read_places()
        return part

    def joined(self, *others: "FeatureStore") -> "FeatureStore":
        """Return a store of the utterances of several, for their features alone."""
        joined, indices, n_shards = copy.copy(self), [], 0
        for store in (self, *others):
            indices.append(store.index.assign(shard=store.index["shard"] + n_shards))
            n_shards += len(store.shards)
        joined.index = pd.concat(indices, ignore_index=True)
        joined.shards = [shard for store in (self, *others) for shard in store.shards]
        joined._read_places()
        return joined

    def __len__(self) -> int:
        """Return the number of stored utterances."""
        return len(self.index)

    def utterances_in(self, manifest: pd.DataFrame) -> list[dict]:
        """Return the manifest's row that each stored version was made of.

        Raises
        ------
        UserError
            The manifest lacks one, or the features are of a time when the index did not
            tell what they were made of.
        """
        if not {"utterance", "speed"} <= set(self.index.columns):
            raise UserError(
                f"{self.folder / 'index.csv'}: no columns utterance and speed; "
                "run stage 2 again"
            )
        known = {row["ID"]: row for row in manifest.to_dict("records")}
        for name in self.index["utterance"]:
            if name not in known:
                raise UserError(
                    f"the manifest has no utterance {name!r}; give that of training"
                )
        return [known[name] for name in self.index["utterance"]]

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Return the rows of utterances in the index.

        Raises
        ------
        UserError
            An utterance has no stored features.
        """
        unknown = [name for name in ids if name not in self._row_of]
        if unknown:
            raise UserError(
                f"{self.folder / 'index.csv'}: no features of {unknown[0]!r} "
                f"({len(unknown)} utterances missing); run stage 2 again"
            )
        return np.array([self._row_of[name] for name in ids], dtype=np.int64)

    def copies_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the corrupted versions of utterances with their own voice.

        Returns
        -------
        dict of str
            The utterance of each version.
        """
        if "utterance" not in self.index:  # of a time when there were no copies
            return {}
        own = self.index[self.index["spk_id"] == self.index["origin"]]
        wanted = set(ids)
        return {
            name: utterance
            for name, utterance in zip(own["ID"], own["utterance"], strict=True)
            if utterance in wanted and name != utterance
        }

    def averages(self, ids: Sequence[str]) -> np.ndarray:
        """Return the averages of utterances, shape (N, 3F).

        Raises
        ------
        UserError
            An utterance has no stored features.
        ValueError
            The features were stored without averages.
        """
        path = self.folder / _AVERAGES
        if not path.is_file():
            raise ValueError(f"there is no {path}; make the features again (stage 2)")
        return np.load(path, mmap_mode="r")[self.rows(ids)]

    def slice(
        self, row: int, start: int = 0, n_frames: int | None = None
    ) -> np.ndarray:
        """Return frames of the utterance in a row of the index, memory-mapped.

        Parameters
        ----------
        row : int
        start, n_frames : int
            Part of the utterance, in frames; None means to its end.

        Returns
        -------
        ndarray of float16, shape (n_frames, F)
        """
        shard, offset, length = self._places[row]
        stop = length if n_frames is None else min(start + n_frames, length)
        return self.shards[shard][offset + start : offset + stop]

    def frames(self, utterance: str) -> np.ndarray:
        """Return all frames of an utterance by its ID, shape (T, F)."""
        return self.slice(self._row_of[utterance])

    @property
    def ids(self) -> Sequence[str]:
        """IDs of the stored utterances, in order."""
        return self.index["ID"].to_numpy()

    @property
    def n_frames(self) -> np.ndarray:
        """Frames of each stored utterance."""
        return self._places[:, 2]

    @property
    def n_mels(self) -> int:
        """Channels F of the features."""
        return self.shards[0].shape[1]
