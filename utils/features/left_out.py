"""Utterances that get no features, and why."""

from pathlib import Path

from utils.audio.quality import SILENCE_DB
from utils.data.left_out import write_skipped
from utils.runtime.errors import UserError


class LeftOut:
    """Collect what is left out: unreadable files, and silent ones where asked for.

    Parameters
    ----------
    skips_bad : bool
        Whether unreadable files are left out; they are a mistake otherwise.
    skips_silent : bool
        Whether nearly silent ones are left out; they are used otherwise.
    """

    def __init__(self, skips_bad: bool, skips_silent: bool) -> None:
        self.skips_bad, self.skips_silent = skips_bad, skips_silent
        self.bad: list[tuple[str, UserError]] = []
        self.silent: list[tuple[str, UserError]] = []

    def kept(self, name: str, result: list | UserError) -> list:
        """Return what was extracted of an utterance, or nothing if it is left out."""
        if isinstance(result, UserError):
            self.bad.append((name, result))
            return []
        level_db = result[0][0]["level_db"]
        if self.skips_silent and level_db < SILENCE_DB:
            fault = UserError(f"{name}: nearly silent ({level_db:.0f} dB)")
            self.silent.append((name, fault))
            return []
        return result

    @property
    def first(self) -> UserError | None:
        """The first fault, if there is one."""
        return next((fault for _, fault in [*self.bad, *self.silent]), None)

    def write(self, folder: Path) -> None:
        """Record what is left out.

        Raises
        ------
        UserError
            There are unreadable files, which are not to be left out.
        """
        if self.bad and not self.skips_bad:
            raise UserError(
                f"{self.bad[0][1]} ({len(self.bad)} bad files in all; "
                "python -m local.validate_data lists them, --skip-bad leaves them out)"
            )
        write_skipped(folder, self.bad + self.silent)

    @property
    def lines(self) -> list[str]:
        """A line for each utterance, and a count."""
        faults = self.bad + self.silent
        lines = [f"left out: {fault}" for _, fault in faults]
        if faults:
            lines.append(
                f"left out in all: {len(self.bad)} unreadable, {len(self.silent)} "
                "nearly silent"
            )
        return lines
