"""Updates of profiles on real speech of several sessions, and attempts of impostors.

    python -m tests.bench.updates SYSTEM VOICES... [--pattern P] [--cache FOLDER]

People are enrolled with three recordings of one session; five of the next are offered,
and tested are the others. An attempt of an impostor is one of his recordings, moved at
random to a cosine of about 0.96 with it: 1000 of each of 20 on everybody. Beside the
policy stands a lax one, which takes in all that is accepted, to show what then happens.
Recordings count as of usual length. Intervals, 95 %, resample speakers.
"""

from typing import NamedTuple

import numpy as np

from tests.bench.voices import (
    Voices,
    by_session,
    embed,
    interval,
    llrs,
    parse_arguments,
    profile,
    read_voices,
    usual,
)
from utils.speakers.gallery import share_of_later
from utils.speakers.updates import UpdatePolicy
from utils.verification.verifier import Verifier, open_verifier

FAR, N_ENROLLED, N_OFFERED = 0.01, 3, 5
N_IMPOSTORS, N_ATTEMPTS, SPREAD = 20, 1000, 0.3
POLICIES = {"policy": UpdatePolicy(), "all that is accepted": UpdatePolicy(rarer=1)}


class Bench(NamedTuple):
    """A policy, tried on voices."""

    verifier: Verifier
    policy: UpdatePolicy
    voices: Voices

    @property
    def threshold(self) -> float:
        """The threshold in use."""
        return self.verifier.measured.threshold(FAR).llr

    def compare(self, exemplars: np.ndarray, tests: np.ndarray) -> np.ndarray:
        """Score recordings (n, D) of one person, joined, with tests (M, D): (M,)."""
        model = profile(exemplars)[None]
        return llrs(self.verifier, model, tests, usual([len(exemplars)]))[0]

    def take_in(self, enrolment: np.ndarray, offered: np.ndarray) -> np.ndarray:
        """Return what of the offered (M, D) is taken in and kept."""
        found = self.compare(enrolment, offered)
        needed = self.policy.needed(self.verifier.measured, FAR)
        return offered[found >= needed][-self.policy.most :]

    def accepted(
        self, enrolment: np.ndarray, later: np.ndarray, tests: np.ndarray
    ) -> np.ndarray:
        """Return which tests (M, D) a profile accepts: bool (M,)."""
        found = self.compare(enrolment, tests)
        if len(later):
            share = share_of_later(len(enrolment), len(later))
            found = (1 - share) * found + share * self.compare(later, tests)
        return found >= self.threshold

    def update(self) -> None:
        """Print FRR and FAR before and after updates with another session's speech."""
        counts: list[list[tuple[int, int]]] = [[] for _ in range(4)]
        misses, alarms, n_taken = counts[:2], counts[2:], 0
        for name, own in self.voices.items():
            if len(own) < 3:
                continue
            enrolment = own[0][:N_ENROLLED]
            taken = self.take_in(enrolment, own[1][:N_OFFERED])
            n_taken += len(taken)
            tests, others = np.concatenate(own[2:]), self.others(name)
            for place, later in enumerate((taken[:0], taken)):
                missed = ~self.accepted(enrolment, later, tests)
                misses[place].append((int(missed.sum()), len(tests)))
                alarm = self.accepted(enrolment, later, others)
                alarms[place].append((int(alarm.sum()), len(others)))
        changes = [
            (after[0] - before[0], after[1])
            for before, after in zip(*misses, strict=True)
        ]
        print(f"{len(misses[0])} speakers, {n_taken} of {len(misses[0]) * N_OFFERED} "
              f"offered taken in: FRR before {interval(misses[0])}, after "
              f"{interval(misses[1])}, change {interval(changes)}; FAR before "
              f"{interval(alarms[0], 2)}, after {interval(alarms[1], 2)}")  # fmt: skip

    def others(self, name: str) -> np.ndarray:
        """Return the recordings of everybody else: (M, D)."""
        own = [np.concatenate(o) for other, o in self.voices.items() if other != name]
        return np.concatenate(own)

    def poison(self) -> None:
        """Print what attempts of impostors do to profiles' false-alarm rates."""
        rng, n_pairs = np.random.default_rng(0), 0
        before, after = [], []  # of pairs with something taken in
        for name, own in self.voices.items():
            enrolment, others = own[0][:N_ENROLLED], self.others(name)
            impostors = [other for other in self.voices if other != name]
            for impostor in impostors[:N_IMPOSTORS]:
                recorded, n_pairs = np.concatenate(self.voices[impostor]), n_pairs + 1
                drawn = recorded[rng.integers(0, len(recorded), N_ATTEMPTS)]
                noise = rng.standard_normal(drawn.shape) / np.sqrt(drawn.shape[1])
                attempts = (drawn + SPREAD * noise).astype(np.float32)
                taken = self.take_in(enrolment, attempts)
                if len(taken):
                    before.append(self.accepted(enrolment, taken[:0], others).mean())
                    after.append(self.accepted(enrolment, taken, others).mean())
        print(f"{len(self.voices)} profiles, {n_pairs} pairs of {N_ATTEMPTS} attempts, "
              f"{len(after)} with something taken in")  # fmt: skip
        if after:
            both = 100 * np.array([before, after])
            passed = ((both[0] <= 100 * FAR) & (both[1] > 100 * FAR)).sum()
            print(f"  there FAR before: mean {both[0].mean():.2f} %, most "
                  f"{both[0].max():.2f} %; after: mean {both[1].mean():.2f} %, most "
                  f"{both[1].max():.2f} %; {passed} from below {FAR:.0%} to above "
                  f"it")  # fmt: skip

    def profiles(self) -> None:
        """Print the false-alarm rates of profiles as they are enrolled."""
        rates = np.array([
            self.accepted(own[0][:N_ENROLLED], own[0][:0], self.others(name)).mean()
            for name, own in self.voices.items()
        ])  # fmt: skip
        print(f"profiles as enrolled: FAR mean {rates.mean():.2%}, most "
              f"{rates.max():.2%}, {(rates <= FAR).sum()} of {len(rates)} at most "
              f"{FAR:.0%}")  # fmt: skip


def main() -> None:
    """Measure."""
    args = parse_arguments(__doc__)
    verifier = open_verifier(args.system)
    table = read_voices(args.voices, args.pattern, args.per_speaker)
    voices = by_session(table, embed(verifier.system, table["wav"], args.cache, "all"))
    enough = {name: o for name, o in voices.items() if len(o[0]) > N_ENROLLED}
    Bench(verifier, UpdatePolicy(), enough).profiles()
    for name, policy in POLICIES.items():
        print(f"{name}: LLR {policy.needed(verifier.measured, FAR):.2f} with the "
              "enrolment is needed")  # fmt: skip
        bench = Bench(verifier, policy, enough)
        bench.update()
        bench.poison()


if __name__ == "__main__":
    main()
