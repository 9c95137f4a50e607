"""The ledger of a model: all speakers whose speech it has learnt from.

``ledger.tsv`` in the trained folder has a line ``speaker<TAB>features`` for each, with
the folder of features that the speech was in. A model that starts from another one
(--init) takes over its lines.
"""

from collections.abc import Iterable
from pathlib import Path

from utils.runtime.text import read_lines

LEDGER = "ledger.tsv"
Entry = tuple[str, str]  # speaker, and where the speech was


def read_ledger(model: Path) -> list[Entry]:
    """Read the ledger of a trained folder, or of that of a file of weights.

    Returns
    -------
    list of (str, str)
        Sorted. A folder of before there were ledgers has the classes of its last
        training; nothing is known of a model from elsewhere.
    """
    folder = model.parent if model.is_file() else model
    for name in (LEDGER, "speakers.txt"):
        path = folder / name
        if path.is_file():
            lines = [line for line in read_lines(path) if line.strip()]
            return sorted({_entry(line) for line in lines})
    return []


def ledger_text(known: Iterable[Entry], speakers: Iterable[str], where: str) -> str:
    r"""Return the ledger of a training.

    Parameters
    ----------
    known : iterable of (str, str)
        The ledger of the model that it starts from.
    speakers : iterable of str
        Those of the training itself.
    where : str

    Example
    -------
    >>> ledger_text([("anna", "data/a/features")], ["carl"], "data/b/features")
    'anna\tdata/a/features\ncarl\tdata/b/features\n'
    """
    entries = {*known, *((speaker, where) for speaker in speakers)}
    return "".join(f"{speaker}\t{place}\n" for speaker, place in sorted(entries))


def trained_on(
    model: Path, speakers: Iterable[str], corpus: str | None = None
) -> list[str]:
    """Return the speakers whose names are in a model's ledger, sorted.

    Parameters
    ----------
    model : Path
    speakers : iterable of str
    corpus : str, optional
        That they are of; where several were joined, its name is before theirs. None:
        any of them.
    """
    known = {speaker for speaker, _ in read_ledger(model)}
    if corpus is None:
        bare = {speaker.partition("-")[2] for speaker in known}
        return sorted({name for name in speakers if name in known | bare})
    return sorted({name for name in speakers if {name, f"{corpus}-{name}"} & known})


def _entry(line: str) -> Entry:
    speaker, _, place = line.partition("\t")
    return speaker, place
