"""Load HyperPyYAML files: objects for the program, plain text for the record."""

from pathlib import Path

from hyperpyyaml import load_hyperpyyaml, resolve_references

from utils.runtime.errors import UserError


def load_hyperparameters(path: Path | str, overrides: str = "") -> dict:
    """Build the objects that a file describes.

    Parameters
    ----------
    path : Path or str
        HyperPyYAML file.
    overrides : str
        YAML mapping of values to replace.

    Returns
    -------
    dict
        Every top-level key of the file.

    Raises
    ------
    UserError
        No such file, a key that the file does not have, or an object that cannot
        be built from its values.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; see the files in hparams/")
    try:
        with path.open(encoding="utf-8") as file:
            return load_hyperpyyaml(file, overrides)
    except (KeyError, TypeError, ValueError, ImportError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"{path}: cannot be built ({reason}); check the file and the overrides"
        ) from None


def resolved_text(path: Path | str, overrides: str = "") -> str:
    """Return the file's text with every reference and include filled in."""
    with Path(path).open(encoding="utf-8") as file:
        return resolve_references(file, overrides).getvalue()
