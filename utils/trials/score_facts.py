"""What a score file is: SCORES.json, beside it.

It names the system and the back-end, the trial list with its hash, and whether the
scores are natural-log likelihood ratios (``calibrated``), and holds the hash of the
score file that it describes.
"""

import json
from pathlib import Path

from utils.runtime.atomic import replacing_file
from utils.runtime.fingerprint import hash_file, hash_if_there

_OWN_HASH = "scores_sha256"


def facts_path(scores: Path | str) -> Path:
    """Return where the facts of a score file are kept."""
    return Path(f"{scores}.json")


def write_score_facts(scores: Path | str, facts: dict[str, object]) -> None:
    """Describe a score file, which must be there already.

    Example
    -------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "all.cosine.txt"
    >>> _ = path.write_text("a b 0.5")
    >>> write_score_facts(path, {"backend": "cosine", "calibrated": False})
    >>> read_score_facts(path)["backend"]
    'cosine'
    >>> _ = path.write_text("a b 0.6")
    >>> read_score_facts(path)
    {}
    """
    content = facts | {_OWN_HASH: hash_file(scores)}
    with replacing_file(facts_path(scores)) as temporary:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_score_facts(scores: Path | str) -> dict[str, object]:
    """Return the facts of a score file; {} where there are none, or of another file."""
    try:
        facts = json.loads(facts_path(scores).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_own = isinstance(facts, dict) and facts.get(_OWN_HASH) == hash_if_there(scores)
    return facts if is_own else {}
