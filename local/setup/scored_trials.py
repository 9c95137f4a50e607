"""What the programs that evaluate scores have in common: arguments and input."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from local.setup.lists import add_list_options, join_program_scores, label_form
from utils.trials.enrolment import read_enrolment

if TYPE_CHECKING:
    import pandas as pd

    from utils.metrics.bootstrap import Resampling, Speakers


class Protocol(NamedTuple):
    """A trial list and what is known of its utterances.

    Attributes
    ----------
    trials : DataFrame
    metadata : DataFrame or None
        Manifest rows.
    models : dict of list of str
        Utterances of the enrolled models.
    resampling : Resampling or None
        Resamples of who speaks in the trials, where intervals are asked for.
    """

    trials: pd.DataFrame
    metadata: pd.DataFrame | None
    models: dict[str, list[str]]
    resampling: Resampling | None

    @property
    def is_target(self) -> np.ndarray:
        """Tell which trials are target trials."""
        return self.trials["target"].to_numpy()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that the programs share."""
    parser.add_argument("--json", type=Path, help="file to write")
    parser.add_argument(
        "--p-target", nargs="+", default=["0.01", "0.05"], type=prior_text,
        metavar="P", help="priors of minDCF",
    )  # fmt: skip
    add_list_options(parser, with_scores=True, with_direction=True)
    parser.add_argument("--bootstrap", type=int, default=0, metavar="N",
        help="95 %% intervals from so many resamples of the speakers")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1986, help="of the resamples")
    parser.add_argument(
        "--metadata", nargs="+", type=Path, default=[], metavar="CSV",
        help="manifests; without them, linked target trials tell the speakers",
    )  # fmt: skip
    parser.add_argument("--enrol-models", type=Path, help="lines: model utt utt ...")
    parser.add_argument("--nj", type=int, default=os.cpu_count(), help="threads")


def prior_text(text: str) -> str:
    """Check that a text is a number between 0 and 1."""
    try:
        if 0 < float(text) < 1:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text}: write numbers between 0 and 1")


def point_name(text: str) -> str:
    """Check that a text is ``C_miss,C_fa,P_target``."""
    from utils.metrics.costs import parse_point

    try:
        parse_point(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def cost_name(text: str) -> str:
    """Check that a text is an evaluation's name or ``C_miss,C_fa,P_target``."""
    from utils.metrics.costs import PRESETS

    if text not in PRESETS and "," not in text:
        raise argparse.ArgumentTypeError(
            f"invalid choice: {text!r}; write C_MISS,C_FA,P_TARGET such as 10,1,0.01, "
            f"or one of {', '.join(PRESETS)}"
        )
    return text if text in PRESETS else point_name(text)


def read_protocol(args: argparse.Namespace) -> Protocol:
    """Read the trial list and, if named, manifests and enrolled models."""
    import pandas as pd

    from utils.data.manifest import read_manifest
    from utils.trials.lists import check_both_kinds, read_trials

    trials = read_trials(args.trials, label_form(args))
    check_both_kinds(args.trials, trials)
    metadata = None
    if args.metadata:
        metadata = pd.concat([read_manifest(path) for path in args.metadata])
    models = read_enrolment(args.enrol_models) if args.enrol_models else {}
    listed = Protocol(trials, metadata, models, None)
    return draw_resamples(listed, args.bootstrap, args.seed, args.nj)


def draw_resamples(listed: Protocol, n: int, seed: int, nj: int) -> Protocol:
    """Draw ``n`` resamples of a list's speakers, to be used by ``nj`` threads."""
    if not n:
        return listed
    from utils.metrics.bootstrap import Resampling, draw_counts

    speakers = find_speakers(listed.trials, listed.metadata, listed.models)
    counts = draw_counts(speakers.n_speakers, n, seed)
    return listed._replace(resampling=Resampling(speakers, counts, nj))


def read_joined(path: Path, protocol: Protocol, args: argparse.Namespace) -> np.ndarray:
    """Return the score of every trial."""
    return join_program_scores(path, protocol.trials, args)


def find_speakers(
    trials: pd.DataFrame, metadata: pd.DataFrame | None, models: dict[str, list[str]]
) -> Speakers:
    """Find the speakers of the trials, and say how when it is a guess."""
    from utils.metrics.speakers import speakers_from_labels, speakers_from_metadata

    if metadata is not None:
        return speakers_from_metadata(trials, metadata, models)
    speakers = speakers_from_labels(trials)
    print(
        f"speakers: {speakers.n_speakers}, ids linked by target trials "
        "(--metadata names them exactly)"
    )
    return speakers
