"""The relevant population of a case: who is in it, and how it is heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from utils.audio.decoding import decode_audio
from utils.data.criteria import fulfils, parse_criterion
from utils.forensic.degrading import degrade
from utils.forensic.material import Condition, Material, condition_of
from utils.models.ledger import trained_on
from utils.runtime.errors import UserError
from utils.runtime.fingerprint import hash_file
from utils.systems.opened import Hearing, OpenedSystem
from utils.verification.recordings import Recording, hear
from utils.verification.voices import count_sessions

FEWEST, ENOUGH = 10, 20  # speakers: none below the first, a warning below the second


class Heard(NamedTuple):
    """A recording of the population in the two conditions of a case.

    Attributes
    ----------
    questioned, known : Recording
        Degraded as the questioned recording, and as the known ones.
    is_speech : bool
        As it was recorded.
    """

    questioned: Recording
    known: Recording
    is_speech: bool


@dataclass(frozen=True)
class Population:
    """Embedded recordings of known speakers in the conditions of a case.

    Attributes
    ----------
    names : tuple of str
        Those of the speakers.
    speakers, sessions : ndarray of int, shape (N,)
        Numbers from 0; sessions are all 0 where none are known.
    questioned, known : ndarray of float32, shape (N, D)
        Embeddings in the condition of each side.
    heard : tuple of Heard, length N
    """

    names: tuple[str, ...]
    speakers: np.ndarray
    sessions: np.ndarray
    questioned: np.ndarray
    known: np.ndarray
    heard: tuple[Heard, ...]

    @property
    def has_sessions(self) -> bool:
        """Whether a speaker was recorded in several sessions."""
        return self.n_several > 0

    @property
    def n_several(self) -> int:
        """How many speakers were recorded in several sessions."""
        return int((count_sessions(self.speakers, self.sessions) > 1).sum())

    def without(self, places: Sequence[int]) -> "Population":
        """Leave speakers out, by their numbers."""
        kept = ~np.isin(self.speakers, places)
        numbers, speakers = np.unique(self.speakers[kept], return_inverse=True)
        return Population(
            tuple(self.names[number] for number in numbers),
            speakers,
            self.sessions[kept],
            self.questioned[kept],
            self.known[kept],
            tuple(
                own for own, is_kept in zip(self.heard, kept, strict=True) if is_kept
            ),
        )


def relevant_rows(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """Keep the rows of the relevant population.

    Parameters
    ----------
    table : DataFrame
    text : str
        Criteria with commas between them; see `utils.data.criteria`.

    Raises
    ------
    UserError
        A criterion cannot be read, there is no such column, or nobody is left.

    Example
    -------
    >>> table = pd.DataFrame({"spk_id": ["a", "b"], "gender": ["m", "f"]})
    >>> relevant_rows(table, "gender=Male")["spk_id"].tolist()
    ['a']
    """
    for part in filter(None, map(str.strip, text.split(","))):
        criterion = parse_criterion(part, "--relevant")
        kept = table[fulfils(table, criterion, "--relevant")]
        if kept.empty:
            name = criterion.column
            there = sorted(set(table[name].dropna().astype(str)) - {""})[:8]
            raise UserError(
                f"--relevant: nobody is left with {criterion}; in column {name} there "
                f"are {', '.join(there) or 'nothing'}"
            )
        table = kept
    return table


def without_known(
    table: pd.DataFrame, model: Path, source: str
) -> tuple[pd.DataFrame, list[str]]:
    """Leave out speakers whom the model has learnt from, and tell them.

    On them a system tells more than on others, and promises too much. They are found
    by their names in the model's ledger.

    Parameters
    ----------
    table : DataFrame
    model : Path
        Folder of the trained model.
    source : str
        For the message.

    Raises
    ------
    UserError
        Fewer than ten others are left.
    """
    names = table["spk_id"].astype(str)
    known = trained_on(model, set(names))
    if not known:
        return table, []
    n_left = names.nunique() - len(known)
    who = f"{len(known)} of {names.nunique()} speakers, such as {known[0]}"
    if n_left < FEWEST:
        raise UserError(
            f"{source}: {who}, are by their names those whom {model} has learnt from "
            "(ledger.tsv): it promises too much on them; name other speakers, or "
            "another model by --system"
        )
    told = f"{who}: the model has learnt from speakers of these names (ledger.tsv)"
    return table[~names.isin(known)], [told]


def without_case_speakers(
    table: pd.DataFrame, material: Sequence[Material]
) -> tuple[pd.DataFrame, list[str]]:
    """Leave out speakers who are those of the case, by folder or by file; tell them.

    Parameters
    ----------
    table : DataFrame
    material : sequence of Material
        All recordings of the case.
    """
    folders = {
        part for own in material for part in Path(own.path).resolve().parent.parts
    }
    named = set(table["spk_id"].astype(str)) & folders
    told = [f"{name}: the folder of a recording of the case" for name in sorted(named)]
    hashes = {own.sha256: own.path for own in material}
    sizes = {Path(own.path).stat().st_size for own in material}
    for speaker, path in zip(table["spk_id"], table["wav"], strict=True):
        file = Path(path)
        if speaker in named or not file.is_file() or file.stat().st_size not in sizes:
            continue
        if (sha256 := hash_file(file)) in hashes:
            named.add(speaker)
            of_case = hashes[sha256]
            same = "" if str(of_case) == str(path) else f"the file {of_case} of "
            told.append(f"{speaker}: {path} is {same or 'a recording of '}the case")
    return table[~table["spk_id"].isin(named)], told


def check_size(n_speakers: int, source: str) -> str:
    """Say what few speakers do to the interval; empty where they are enough.

    Raises
    ------
    UserError
        There are fewer than ten.

    Example
    -------
    >>> check_size(20, "voices")
    ''
    """
    if n_speakers < FEWEST:
        raise UserError(
            f"{source}: {n_speakers} speakers with two recordings of speech are left "
            f"in the relevant population; at least {FEWEST} are needed, better "
            f"{ENOUGH} and more: add speakers, or widen --relevant"
        )
    if n_speakers >= ENOUGH:
        return ""
    wider = np.sqrt(ENOUGH / n_speakers)
    return (
        f"only {n_speakers} speakers: the interval, about {wider:.1f} times as wide as "
        f"with {ENOUGH}, resamples so few that it is unsure itself, and as a rule too "
        f"narrow; no ratio beyond {n_speakers} in favour of two persons is supported"
    )


def hear_in_case(
    row: Mapping[str, object],
    front_end: Hearing,
    questioned: Condition,
    known: Condition,
) -> Heard:
    """Hear a row's recording in both conditions of a case.

    Raises
    ------
    UserError
        See `utils.audio.decoding.decode_audio`.
    """
    name = str(row["wav"])
    start, stop = (row.get(end) for end in ("start", "stop"))
    samples, rate_hz, _ = decode_audio(
        name, int(str(start or 0)), None if stop is None else int(str(stop))
    )
    recorded = hear(samples, rate_hz, front_end, name)
    own = condition_of(recorded)
    versions: list[Recording] = []
    for wanted in (questioned, known):
        if versions and wanted == questioned:
            versions.append(versions[0])
            continue
        made = degrade(samples, rate_hz, own, wanted)
        is_same = made is samples
        versions.append(recorded if is_same else hear(made, rate_hz, front_end, name))
    return Heard(versions[0], versions[1], recorded.is_speech)


def embed_population(
    system: OpenedSystem, table: pd.DataFrame, heard: Sequence[Heard]
) -> Population:
    """Embed what was heard; speakers without two recordings of speech are left out.

    Parameters
    ----------
    system : OpenedSystem
    table : DataFrame
        N rows with ``spk_id``, and perhaps ``session``.
    heard : sequence of Heard, length N
    """
    spoken = np.array(
        [own.is_speech and min(s.speech_s for s in own[:2]) > 0 for own in heard]
    )
    counts = table["spk_id"][spoken].value_counts()
    kept = spoken & table["spk_id"].isin(counts.index[counts > 1]).to_numpy()
    own_heard = tuple(own for own, is_kept in zip(heard, kept, strict=True) if is_kept)
    table = table[kept]
    if not len(table):
        empty = np.empty((0, 0), np.float32)
        nobody = np.zeros(0, int)
        return Population((), nobody, nobody, empty, empty, ())
    speakers, names = pd.factorize(table["spk_id"])
    sessions = np.zeros(len(table), int)
    if "session" in table and (table["session"] != "").all():
        sessions = pd.factorize(table["session"])[0]
    sides = [own.questioned for own in own_heard], [own.known for own in own_heard]
    once = list({id(own): own for side in sides for own in side}.values())
    embedded = system.embed_features(
        [own.name for own in once], [own.features for own in once]
    )
    place = {id(own): number for number, own in enumerate(once)}
    questioned, known = (embedded[[place[id(own)] for own in side]] for side in sides)
    return Population(
        tuple(map(str, names)), speakers, sessions, questioned, known, own_heard
    )
