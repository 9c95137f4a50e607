"""A store as one JSON file, to be moved, read and merged."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from utils.runtime.atomic import replacing_file
from utils.runtime.errors import UserError
from utils.speakers.people import Exemplar, Person

FORM = "speaker store 1"


def write_people(path: Path, people: Sequence[Person], model_sha256: str) -> None:
    """Write people; embeddings as base64 of little-endian float32."""
    content = {
        "form": FORM,
        "model_sha256": model_sha256,
        "people": [
            {
                "name": person.name,
                "consent": person.consent,
                "exemplars": [
                    vars(own) | {"embedding": _encode(own.embedding)}
                    for own in person.exemplars
                ],
            }
            for person in people
        ],
    }
    with replacing_file(path) as temporary:
        temporary.touch(mode=0o600)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_people(path: Path, model_sha256: str) -> list[Person]:
    """Read what `write_people` wrote.

    Raises
    ------
    UserError
        The file is none of these, broken, or of another encoder.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["form"] != FORM:
            raise ValueError(f"form {content['form']!r}")
        made_with, people = content["model_sha256"], content["people"]
        found = [
            Person(
                own["name"],
                own["consent"],
                tuple(
                    Exemplar(**stored | {"embedding": _decode(stored["embedding"])})
                    for stored in own["exemplars"]
                ),
            )
            for own in people
        ]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: no export of a store ({error}); write one with local.speakers "
            "export"
        ) from None
    if made_with != model_sha256:
        raise UserError(
            f"{path}: the embeddings are another system's; enrol the recordings again"
        )
    return found


def _encode(embedding: np.ndarray) -> str:
    return base64.b64encode(embedding.astype("<f4").tobytes()).decode("ascii")


def _decode(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4")
