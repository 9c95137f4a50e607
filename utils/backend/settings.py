"""What hparams/backend.yaml offers, and a back-end learnt as an expression asks."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from utils.backend.backend import Backend
from utils.backend.choice import Chooser
from utils.backend.expression import Expression
from utils.backend.normalisation.methods import Normalisation
from utils.backend.parts import Step, splits_to_learn_on
from utils.backend.quality import utterance_measures
from utils.backend.training import (
    Adaptation,
    CalibrationSettings,
    add_cohort,
    calibrate,
    fit_adapted,
    fit_backend,
)
from utils.embeddings.labelled import LabelledEmbeddings, check_same_dimension
from utils.runtime.errors import UserError


@dataclass(frozen=True)
class BackendSettings:
    """Chains, normalisations and how to calibrate, by name.

    Attributes
    ----------
    path : Path
        Where they are from.
    chains : dict of list of Step, or of Chooser
        A `Chooser` stands for the chain that it chooses.
    normalisations : dict of Normalisation
    cohort : str
        See `add_cohort`.
    calibration : CalibrationSettings
    adaptation : Adaptation
    baselines : set of str
        The chains that are for averages of the features, not for embeddings.
    """

    path: Path
    chains: dict[str, Sequence[Step] | Chooser]
    normalisations: dict[str, Normalisation]
    cohort: str
    calibration: CalibrationSettings
    adaptation: Adaptation
    baselines: Set[str] = frozenset()

    def check(self, expression: Expression) -> None:
        """Raise a `UserError` unless both names of an expression are known."""
        for what, name, known in (
            ("back-end", expression.chain, self.chains),
            ("normalisation", expression.normalisation, self.normalisations),
        ):
            if name and name not in known:
                raise UserError(
                    f"{self.path}: no {what} {name!r}; there are {', '.join(known)}"
                )

    def needs(self, expression: Expression) -> tuple[str, ...]:
        """Return the splits that it can be learnt on, the better first; () for any."""
        chain = self.chains[expression.chain]
        steps = chain.steps if isinstance(chain, Chooser) else chain
        needs = [step.learns_from for step in steps]
        if expression.normalisation:
            needs.append(self.normalisations[expression.normalisation].learns_from)
        return splits_to_learn_on(needs)

    def learn(
        self,
        expression: Expression,
        train: LabelledEmbeddings | None,
        held_out: LabelledEmbeddings | None = None,
        unlabelled: np.ndarray | None = None,
    ) -> Backend:
        """Learn a back-end.

        Parameters
        ----------
        expression : Expression
        train : LabelledEmbeddings, optional
            Not needed where there is nothing to learn: see `needs`.
        held_out : LabelledEmbeddings, optional
            For the calibration; of speakers who are not in ``train``.
        unlabelled : ndarray of shape (M, D), optional
            Embeddings of a domain to adapt to.

        Raises
        ------
        ValueError
            The data do not allow it.
        UserError
            Held-out speakers are in the training.
        """
        data = _no_training() if train is None else (train.vectors, train.speakers)
        data = np.asarray(data[0], dtype=np.float64), data[1]
        steps, note = self._steps(expression, train)
        if unlabelled is None:
            backend = fit_backend(steps, *data)
        else:
            backend = fit_adapted(steps, *data, self.adaptation, unlabelled)
        backend = replace(backend, note=note)
        if expression.normalisation:
            method = self.normalisations[expression.normalisation]
            backend = add_cohort(backend, method, *data, self.cohort)
        if not expression.is_calibrated:
            return backend
        if held_out is None:
            raise ValueError("there are no held-out speakers to calibrate on")
        return self._calibrated(backend, train, held_out)

    def _steps(
        self, expression: Expression, train: LabelledEmbeddings | None
    ) -> tuple[Sequence[Step], str]:
        """Return the steps of a chain, and why they are these if they were chosen."""
        chain = self.chains[expression.chain]
        if not isinstance(chain, Chooser):
            return chain, ""
        if train is None:
            raise ValueError("there is no training speech to choose on")
        choice = chain.choose(train)
        return choice.steps, choice.note

    def _calibrated(
        self,
        backend: Backend,
        train: LabelledEmbeddings | None,
        held_out: LabelledEmbeddings,
    ) -> Backend:
        if train is not None:
            _check_apart(train, held_out)
        quality = self.calibration.quality
        measures = utterance_measures(
            quality, held_out.ids, held_out.vectors, held_out.manifest
        )
        data = held_out.vectors, held_out.speakers
        where = str(held_out.manifest_path)
        return calibrate(backend, *data, measures, self.calibration, where)


def _no_training() -> tuple[np.ndarray, np.ndarray]:
    return np.empty((0, 0)), np.empty(0, dtype=str)


def _check_apart(train: LabelledEmbeddings, held_out: LabelledEmbeddings) -> None:
    """Refuse held-out speakers of the training, and other embeddings."""
    shared = sorted({*train.speakers} & {*held_out.speakers})
    if shared:
        raise UserError(
            f"{held_out.manifest_path}: {len(shared)} speakers are in "
            f"{train.manifest_path} too, such as {shared[0]!r}; hold out others"
        )
    check_same_dimension(training=train, held_out=held_out)
