"""Start a training from another one's model, on the same or on other speakers."""

from pathlib import Path

import torch
from torch import Tensor, nn

from utils.models.experiment import fill_weights, read_weights
from utils.runtime.errors import UserError
from utils.training.trainable import merged_weights

_ENCODER = "encoder."  # prefix of the encoder's weights in a checkpoint


def start_from(path: Path, modules: dict[str, nn.Module], speakers: list[str]) -> list:
    """Load what fits of a trained model.

    The encoder has to fit whole. A head's weights are loaded by their names; of
    those that have a row for each speaker, the rows of speakers known by name.

    Parameters
    ----------
    path : Path
        Folder of a trained model or of a training that was begun, of which the best
        checkpoint is taken; or a file of an encoder's weights.
    modules : dict of Module
        ``encoder``, and the heads of the new training.
    speakers : list of str
        Training speakers, in the order of the heads' rows.

    Returns
    -------
    list of str
        A line for all weights that were not loaded whole.

    Raises
    ------
    UserError
        There is no model, or the encoder is of another architecture.
    """
    source, encoder, heads, known = read_start(path)
    fill_weights(modules["encoder"], encoder, source)
    row_of = {name: row for row, name in enumerate(known)}
    rows = torch.tensor([row_of.get(name, -1) for name in speakers])
    lines = []
    for name, module in modules.items():
        if name != "encoder":
            theirs = {
                key.removeprefix(f"{name}."): value
                for key, value in heads.items()
                if key.startswith(f"{name}.")
            }
            new = fill_head(module, theirs, rows, len(known))
            lines += [f"{name}.{line}" for line in new]
            heads = {k: v for k, v in heads.items() if not k.startswith(f"{name}.")}
    return lines + [f"{key}: the new training has no such weights" for key in heads]


def read_start(path: Path) -> tuple[Path, dict, dict, list[str]]:
    """Read the weights to start from.

    Returns
    -------
    path : Path
        The file that they were in.
    encoder, heads : dict of Tensor
    speakers : list of str
        Those that the heads' rows are of. Where they are not known, no heads.
    """
    source = weights_file(path)
    weights, heads = read_weights(source), {}
    names = source.with_name("speakers.txt")
    if source.name == "modules.ckpt":
        names = source.parents[2] / "speakers.txt"
        heads = {k: v for k, v in weights.items() if not k.startswith(_ENCODER)}
        weights = {
            key.removeprefix(_ENCODER): value
            for key, value in weights.items()
            if key.startswith(_ENCODER)
        }
        weights = merged_weights(weights)
    elif source.with_name("heads.pt").is_file():
        heads = read_weights(source.with_name("heads.pt"))
    if not names.is_file():  # whose the heads' rows are is not known
        return source, weights, {}, []
    return source, weights, heads, names.read_text(encoding="utf-8").splitlines()


def weights_file(path: Path) -> Path:
    """Find the weights of a model, of its best checkpoint, or take the file.

    Raises
    ------
    UserError
        There are none.
    """
    if path.is_file():
        return path
    if (path / "encoder.pt").is_file():
        return path / "encoder.pt"
    files = sorted(
        (path / "checkpoints").glob("CKPT*/modules.ckpt"), key=_checkpoint_eer
    )
    if not files:
        raise UserError(f"{path}: no trained model there; run the training stage first")
    return files[0]


def _checkpoint_eer(file: Path) -> float:
    lines = (file.parent / "CKPT.yaml").read_text(encoding="utf-8").splitlines()
    values = [line.split(":")[1] for line in lines if line.startswith("eer:")]
    return float(values[0]) if values else float("inf")


def fill_head(
    head: nn.Module, theirs: dict[str, Tensor], rows: Tensor, n_known: int
) -> list[str]:
    """Load a head's weights; the rows of other speakers stay as they are.

    Parameters
    ----------
    head : Module
    theirs : dict of Tensor
    rows : Tensor of int64, shape (n_speakers,)
        Row of each speaker in their weights, or -1 for a new speaker.
    n_known : int
        Rows of their weights that are speakers.

    Returns
    -------
    list of str
        A line for all weights that were not loaded whole.

    Example
    -------
    >>> head, theirs = nn.Linear(2, 3, bias=False), {"weight": torch.eye(2)}
    >>> fill_head(head, theirs, torch.tensor([1, -1, -1]), n_known=2)
    ['weight (3, 2): 1 of 3 speakers loaded, the rest is new']
    >>> head.weight[0].tolist()
    [0.0, 1.0]
    """
    lines, is_known = [], rows >= 0
    for name, ours in head.state_dict().items():
        size = tuple(ours.shape)
        value = theirs.pop(name, None)
        if value is None or value.shape[1:] != ours.shape[1:]:
            lines.append(f"{name} {size}: new")
        elif value.shape[:1] == (n_known,) and ours.shape[:1] == (len(rows),):
            ours[is_known] = value[rows[is_known]]
            n_loaded = int(is_known.sum())
            if n_loaded < len(rows):
                lines.append(
                    f"{name} {size}: {n_loaded} of {len(rows)} speakers loaded, "
                    "the rest is new"
                )
        elif value.shape == ours.shape:
            ours.copy_(value)
        else:
            lines.append(f"{name} {size}: new")
    return lines + [f"{name}: the new training has no such weights" for name in theirs]
