"""What a back-end is made of: steps that learn, and parts that store themselves.

A step of ``hparams/backend.yaml`` learns a part. A part is a class that is defined
with a short name, its ``kind``, in a module of this package:

    class Median(Transform, kind="median"): ...

A file of a back-end holds such names, plain JSON and arrays. Reading it builds only
classes that carry a ``kind``: no name in a file is ever imported or executed.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

import numpy as np

import utils.backend

Settings = dict[str, Any]  # what JSON can hold
Arrays = dict[str, np.ndarray]
SPLITS = ("cohort", "train")  # of a corpus, that can be learnt on; the better first


class Step:
    """One step of a chain.

    Attributes
    ----------
    learns_from : tuple of str
        The `SPLITS` that it can be learnt on; empty where there is nothing to learn.
        A ``cohort`` has many speakers with an utterance or two, which tells where
        embeddings lie, and too little of each speaker for more.
    is_scorer : bool
        Whether it scores pairs, as the last step of a chain may.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("train",)
    is_scorer: ClassVar[bool] = False

    def fit(self, embeddings: np.ndarray, speakers: np.ndarray) -> "Stored":
        """Learn from embeddings (N, D) and who speaks in each (N,)."""
        raise NotImplementedError


class Stored:
    """A part of a back-end, kept as plain settings and arrays.

    This serves a class whose attributes are arrays and plain values, which its
    constructor takes; another one overrides both methods.

    Attributes
    ----------
    kind : str
        Short name in files.
    note : str
        How the learning went; empty where there is nothing to say.
    """

    kind: ClassVar[str] = ""
    note: str = ""

    def __init_subclass__(cls, kind: str = "", **options: object) -> None:
        """Make a class known by its short name.

        Raises
        ------
        TypeError
            Another class has that name.
        """
        super().__init_subclass__(**options)
        if not kind:
            return
        other = _KINDS.get(kind, cls)
        if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{other.__qualname__} is of kind {kind!r}: name another")
        cls.kind = kind
        _KINDS[kind] = cls

    def state(self) -> tuple[Settings, Arrays]:
        """Return what JSON can hold, and the arrays."""
        values = vars(self)
        arrays = {k: v for k, v in values.items() if isinstance(v, np.ndarray)}
        return {k: v for k, v in values.items() if k not in arrays}, arrays

    @classmethod
    def restored(cls: type["_Part"], settings: Settings, arrays: Arrays) -> "_Part":
        """Build it from its state."""
        return cls(**settings, **arrays)


_KINDS: dict[str, type[Stored]] = {}
_Part = TypeVar("_Part", bound=Stored)


def store(part: Stored) -> tuple[Settings, Arrays]:
    """Return a part as JSON and arrays.

    Raises
    ------
    TypeError
        Its class has no ``kind`` of its own.

    Example
    -------
    >>> from utils.backend.transforms import LengthNorm
    >>> store(LengthNorm())
    ({'kind': 'length'}, {})
    """
    if _KINDS.get(part.kind) is not type(part):
        raise TypeError(f"{type(part).__qualname__} needs a kind of its own")
    settings, arrays = part.state()
    return {"kind": part.kind} | settings, arrays


def restore(base: type[_Part], content: Settings, arrays: Arrays) -> _Part:
    """Build a stored part.

    Parameters
    ----------
    base : type
        What it must be, such as ``Transform``.
    content : dict
        Its ``kind`` and settings.
    arrays : dict of ndarray

    Raises
    ------
    ValueError
        No such part is known by that name.
    """
    settings = dict(content)
    kind = settings.pop("kind")
    if kind not in _KINDS:
        _import_package()
    known = _KINDS.get(kind)
    if known is None or not issubclass(known, base):
        raise ValueError(f"no {base.__name__.lower()} of the kind {kind!r}")
    return known.restored(settings, arrays)


def _import_package() -> None:
    """Import all modules of this package, whose classes are then known."""
    start = f"{utils.backend.__name__}."
    for module in pkgutil.walk_packages(utils.backend.__path__, start):
        importlib.import_module(module.name)


def splits_to_learn_on(needs: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the splits that serve all parts, the better first; () for no learning.

    Parameters
    ----------
    needs : iterable of tuple of str
        ``learns_from`` of each part.

    Example
    -------
    >>> splits_to_learn_on([(), ("cohort", "train")])
    ('cohort', 'train')
    >>> splits_to_learn_on([("cohort", "train"), ("train",)])
    ('train',)
    """
    learning = [own for own in needs if own]
    if not learning:
        return ()
    return tuple(split for split in SPLITS if all(split in own for own in learning))
