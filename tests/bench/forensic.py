"""Ratios of many cases: are they calibrated, and how often do bounds mislead?

    python -m tests.bench.forensic SYSTEM CASES.csv POPULATION.csv [--halves]

CASES are recordings of known speakers; each pair of them is a case, those of one
person and one session left out where there are sessions. The population is calibrated
and bounded as `local.forensic` does, in the median condition of the cases. With
`--halves`, the population is also the one half of the cases' speakers and the cases
those of the other, and the other way round.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from local.setup.systems import find_system
from utils.data.manifest import read_manifest
from utils.forensic.calibrating import calibrate
from utils.forensic.comparing import CaseTrials, score_population
from utils.forensic.material import Condition, read_material
from utils.forensic.population import Population, embed_population, hear_in_case
from utils.forensic.validating import cllr_interval, validate
from utils.metrics.likelihood_ratios import cllr, min_cllr
from utils.metrics.lr_validation import LN_10, Bounds, misleading_rates
from utils.systems.opened import OpenedSystem
from utils.systems.system import open_system
from utils.verification.voices import draw_voices

AS_RECORDED = Condition(1e9, 1e9, 1e9)  # nothing has to be brought to it


def median_condition(table: pd.DataFrame, system: OpenedSystem) -> Condition:
    """Return the median condition of every fourth recording, and the first codec."""
    found = [
        read_material(Path(path), system.front_end).condition
        for path in table["wav"].iloc[::4]
    ]
    middle = np.median([own[:4] for own in found], axis=0)
    return found[0]._replace(**dict(zip(Condition._fields[:4], middle, strict=True)))


def hear(table: pd.DataFrame, system: OpenedSystem, wanted: Condition) -> Population:
    """Hear and embed a table in a condition."""
    heard = [
        hear_in_case(row, system.front_end, wanted, wanted)
        for row in table.to_dict("records")
    ]
    return embed_population(system, table, heard)


def judge(
    system: OpenedSystem, population: Population, cases: Population
) -> tuple[np.ndarray, CaseTrials, Bounds, str]:
    """Return the ratios of all cases, the bounds, and what validation promised."""
    known = score_population(system.backend, population, n_known=1)
    calibrated = calibrate(known)
    promised = validate(calibrated.llrs, known)
    trials = score_population(system.backend, cases, n_known=1)
    llrs = calibrated.fusion(trials.scores[:, None])
    text = f"promised Cllr {promised.cllr:.3f}, bounds " + " to ".join(
        f"{own / LN_10:.2f}" for own in promised.bounds
    )
    return llrs, trials, promised.bounds, text


def tell(llrs: np.ndarray, trials: CaseTrials, bounds: Bounds, text: str) -> None:
    """Print a line on the ratios of the cases."""
    is_target, bounded = trials.is_target, bounds(llrs)
    low, high = cllr_interval(llrs, trials.speakers, seed=0)
    wrong = misleading_rates(llrs, is_target)
    targets = np.mean(llrs[is_target] <= bounds.lower)
    others = np.mean(llrs[~is_target] >= bounds.upper)
    n_target = int(is_target.sum())
    print(
        f"{n_target} cases of one person, {len(llrs) - n_target} of two; {text}; "
        f"Cllr {cllr(llrs, is_target):.3f} ({low:.3f} to {high:.3f}), within bounds "
        f"{cllr(bounded, is_target):.3f}, least {min_cllr(llrs, is_target):.3f}; "
        f"misleading {wrong[0]:.1%} of one, {wrong[1]:.1%} of two; at a bound and "
        f"wrong {targets:.2%}, {others:.2%}",
        flush=True,
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system")
    parser.add_argument("cases", type=Path)
    parser.add_argument("population", type=Path)
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--per-speaker", type=int, default=8)
    args = parser.parse_args()
    system = open_system(find_system(args.system))
    table = draw_voices(read_manifest(args.cases), args.per_speaker, seed=0)
    others = draw_voices(read_manifest(args.population), args.per_speaker, seed=0)
    condition = median_condition(table, system)
    print(f"population brought to {condition.text}", flush=True)
    cases = hear(table, system, AS_RECORDED)
    tell(*judge(system, hear(others, system, condition), cases))
    places = np.random.default_rng(0).permutation(len(cases.names))
    for part in range(2 * args.halves):
        own, rest = places[part::2].tolist(), places[1 - part :: 2].tolist()
        tell(*judge(system, cases.without(own), cases.without(rest)))


if __name__ == "__main__":
    main()
