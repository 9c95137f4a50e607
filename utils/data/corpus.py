"""What a recipe says of its corpus: what it found, and what becomes of it.

A recipe tells what is particular: where the files lie and what their names mean. All
else is alike: `utils.data.corpus_splits` and `utils.data.corpus_folder`.
"""

from dataclasses import dataclass, field

import pandas as pd

from utils.data.trial_design import TrialList


@dataclass(frozen=True)
class CorpusContents:
    """What a recipe found in its source.

    Attributes
    ----------
    utterances : DataFrame
        ``ID``, ``wav``, ``spk_id``; perhaps ``part`` (of the release), ``start_s``
        and ``stop_s`` (of a longer file); and any labels.
    lists : dict of TrialList
        The corpus's own trial lists, by name.
    commands : dict of str
        The command that writes the audio to its standard output, of each ``wav`` that
        is to be made. Nothing that stands in ``utterances`` is ever run.
    faults : dict of str
        What is known to be wrong with some ``wav``, such as that it is missing.
    """

    utterances: pd.DataFrame
    lists: dict[str, TrialList] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CorpusDesign:
    """How the utterances become splits and trials.

    Attributes
    ----------
    name : str
        First part of the names of the trial lists that are made.
    split_of : dict of str
        The split of each part of the release; parts that are not named are left
        out. Empty: speakers are divided at random.
    counts : dict of (int, int)
        Speakers and utterances of each part, as released.
    valid_speakers : int or float
        Speakers of the training part to hold out for validation where no part is
        for it: so many, or such a share of those with two utterances.
    test_share : float
        The same for the test, where neither part nor trial list is for it.
    per_speaker, n_enrol : int
        See `utils.data.trial_design.design_trials`.
    cohort_speakers : int
        Speakers to hold out as a cohort for score normalisation.
    cohort_part : str
        Part whose utterances are the cohort, whatever else they are for.
    extract_only : bool
        For a model that is trained already: the test part alone, or all speakers
        where none is for the test.
    is_partial : bool
        Go on with other counts than the release's.
    has_speakers : bool
        False for noises and rooms: a manifest for each part, and no trials.
    """

    name: str
    split_of: dict[str, str] = field(default_factory=dict)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    valid_speakers: int | float = 0.1
    test_share: float = 0.25
    per_speaker: int = 0
    n_enrol: int = 0
    cohort_speakers: int = 0
    cohort_part: str = ""
    extract_only: bool = False
    is_partial: bool = False
    has_speakers: bool = True
