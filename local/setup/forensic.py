"""The parts of a forensic case: its population, its method, the voices in it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    import pandas as pd

    from utils.forensic.case import Case
    from utils.forensic.examining import Finding
    from utils.forensic.population import Population
    from utils.systems.system import System

LEAST_VOICE_S = 1.0  # of speech, that a second voice is told from


def method_facts(args: argparse.Namespace, system: System) -> dict[str, object]:
    """Tell with what the case is examined, so that it can be examined again."""
    from utils.report.provenance import program_facts
    from utils.runtime.fingerprint import hash_file
    from utils.systems.backends import find_own_backend

    own = program_facts()
    versions = dict(own["versions"])  # type: ignore[call-overload]
    backend = find_own_backend(system.folder, args.backend)
    stored = hash_file(backend / "backend.json") if backend else ""
    return {
        "system": str(system.folder),
        "encoder SHA-256": system.model_sha256,
        "front-end SHA-256": hash_file(system.folder / "front_end.yaml"),
        "back-end": args.backend or "the system's own",
        "back-end SHA-256": stored or "none stored: cosine",
        "seed of draws and intervals": args.seed,
        "versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "commit": own["commit"],
        "command": own["command"],
    }


def read_population(
    args: argparse.Namespace, case: Case, model: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Read the relevant population; tell who is left out.

    Those are the speakers of the case, and those whom the model has learnt from.
    """
    from utils.data.patterns import read_or_find_utterances
    from utils.forensic.population import (
        check_size,
        relevant_rows,
        without_case_speakers,
        without_known,
    )
    from utils.verification.voices import draw_voices

    table = read_or_find_utterances(args.population, args.pattern)
    source = str(args.population)
    table = relevant_rows(table, args.relevant)
    table, told = without_case_speakers(table, [case.questioned, *case.known])
    table, known = without_known(table, model, source)
    counts = table["spk_id"].value_counts()
    table = table[table["spk_id"].isin(counts.index[counts > 1])]
    check_size(table["spk_id"].nunique(), source)
    return draw_voices(table, args.per_speaker, args.seed), [*told, *known]


def hear_population(
    args: argparse.Namespace, system: System, case: Case, table: pd.DataFrame
) -> Population:
    """Hear and embed all recordings as those of the case are."""
    from utils.forensic.material import common_condition
    from utils.forensic.population import embed_population, hear_in_case
    from utils.runtime.processes import map_in_processes

    hear = partial(
        hear_in_case,
        front_end=system.front_end,
        questioned=case.questioned.condition,
        known=common_condition(case.known),
    )
    rows = table.to_dict("records")
    heard = list(map_in_processes(hear, rows, args.nj, "hearing", batch_size=4))
    return embed_population(system, table, heard)


def population_facts(
    args: argparse.Namespace, case: Case, finding: Finding
) -> dict[str, object]:
    """Tell who the population is, why, and in which condition it was heard."""
    from utils.forensic.material import common_condition

    own = finding.population
    given = args.why or "not stated (--why); the reader has to judge its relevance"
    return {
        "source": str(args.population),
        "filter": args.relevant or "none",
        "why it is relevant": given,
        "speakers": len(own.names),
        "recordings": len(own.speakers),
        "sessions": "several a speaker" if own.has_sessions else "one a speaker",
        "brought to, as the questioned recording": case.questioned.condition.text,
        "brought to, as the known recordings": common_condition(case.known).text,
    }


def voices_of(
    args: argparse.Namespace, system: System
) -> tuple[tuple[float, ...], list[str]]:
    """Return how long each voice of the questioned recording speaks, and a warning."""
    from local.setup.diarization import SETTINGS, DiarizationConfig, find_turns
    from local.setup.hyperparameters import load_hyperparameters
    from utils.diarization.counts import ANY_COUNT

    if not (args.segmentation / "segmentation.pt").is_file():
        return (), []
    channel = "mean" if args.channel is None else str(args.channel)
    settings = load_hyperparameters(SETTINGS)
    config = DiarizationConfig(
        system.folder, args.segmentation, settings, ANY_COUNT, channel, args.trust
    )
    turns = find_turns(config, args.questioned)["turns"]
    spoken_s: dict[int, float] = {}
    for _, start_s, stop_s, voice, *_ in turns:
        spoken_s[voice] = spoken_s.get(voice, 0.0) + stop_s - start_s
    lengths_s = sorted(spoken_s.values(), reverse=True)
    several = [own for own in lengths_s if own >= LEAST_VOICE_S]
    if len(several) < 2:
        return tuple(lengths_s), []
    return tuple(lengths_s), [
        f"{args.questioned}: {len(several)} voices, as diarization finds: cut out what "
        "the questioned speaker says; a ratio of a mixture is about neither of them"
    ]
