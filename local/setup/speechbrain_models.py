"""SpeechBrain's published speaker models, as folders like those trained here."""

import io
import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tag import Tag

from local.setup.hyperparameters import resolved_text
from utils.runtime.errors import UserError
from utils.systems.description import refuse_what_runs

N_FFT = 400  # SpeechBrain's default
MODELS = ("ECAPA_TDNN.ECAPA_TDNN", "Xvector.Xvector", "ResNet.ResNet")
FILES = (
    "hyperparams.yaml",
    "embedding_model.ckpt",
    "classifier.ckpt",
    "label_encoder.txt",
)


def download_model(name: str, folder: Path) -> Path:
    """Download a model of SpeechBrain's hub into a folder, and return its path.

    Raises
    ------
    UserError
        The hub cannot be reached, or has no such model.
    """
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            f"speechbrain/{name}", local_dir=folder / name, allow_patterns=[*FILES]
        )
    except Exception as error:  # each layer below has errors of its own
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"speechbrain/{name}: cannot be downloaded ({reason}); where there is a "
            f"network, get {', '.join(FILES)}, and give --folder DIR here"
        ) from None
    return Path(found)


def import_model(
    source: Path,
    out: Path,
    front_end: str = "hparams/features.yaml",
    drop_silence: bool = False,
) -> None:
    """Write a model of SpeechBrain's as a folder like those trained here.

    Parameters
    ----------
    source : Path
        Holds `FILES`; the last two may be missing.
    out : Path
    front_end : str
        YAML of the front-end; its filterbanks become those of the model.
    drop_silence : bool
        Keep the front-end's voice activity.

    Raises
    ------
    UserError
        There is no model in the folder, or none with a counterpart here.
    """
    from utils.models.experiment import fill_weights, read_weights, save_model
    from utils.systems.folder import build_encoder

    settings = read_settings(source / "hyperparams.yaml")
    out.mkdir(parents=True, exist_ok=True)
    with (out / "encoder.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(network(settings), file)
    overrides = f"n_mels: {settings['n_mels']}\nfbank: {{n_fft: {N_FFT}}}\n"
    if not drop_silence:
        overrides += "vad: null\n"
    (out / "front_end.yaml").write_text(resolved_text(front_end, overrides))
    encoder = build_encoder(out)
    path = source / "embedding_model.ckpt"
    model = encoder.get_submodule("model")
    fill_weights(model, read_weights(path), path)
    speakers = read_speakers(source / "label_encoder.txt")
    (out / "speakers.txt").write_text("".join(f"{name}\n" for name in speakers))
    heads = read_head(source / "classifier.ckpt") if speakers else {}
    facts = {"model": settings["kind"], "phase": "imported", "init": str(source)}
    save_model(out, encoder, facts, heads)
    print(f"{settings['kind']} of {len(speakers)} speakers: the model is {out}")


def read_settings(path: Path) -> dict:
    """Read the model and its features from SpeechBrain's hyper-parameters.

    Raises
    ------
    UserError
        There are none, or what they describe has no counterpart here.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name a folder of SpeechBrain's model")
    refuse_what_runs(path)
    try:
        settings = YAML().load(io.StringIO(resolved_text(path)))
        model, fbank = settings["embedding_model"], settings["compute_features"]
        kind, norm = str(model.tag.value), settings["mean_var_norm"]
    except (KeyError, TypeError, AttributeError, ValueError, YAMLError) as error:
        raise UserError(f"{path}: not a speaker model ({error})") from None
    if not kind.startswith("!new:speechbrain.lobes.models.") or not kind.endswith(
        MODELS
    ):
        raise UserError(f"{path}: {kind} is none of {', '.join(MODELS)}")
    if (
        set(fbank) - {"n_mels", "sample_rate"}
        or fbank.get("sample_rate", 16000) != 16000
    ):
        raise UserError(f"{path}: compute_features: n_mels at 16 kHz only, not {fbank}")
    if norm.get("norm_type") != "sentence" or norm.get("std_norm", True):
        raise UserError(f"{path}: mean_var_norm: the mean of a sentence only")
    n_mels = fbank.get("n_mels", 40)
    return {"model": model, "kind": kind.rpartition(".")[2], "n_mels": n_mels}


def network(settings: dict) -> CommentedMap:
    """Describe the model as an encoder of this repository."""
    encoder = CommentedMap(model=settings["model"])
    encoder.yaml_set_ctag(Tag(suffix="!new:utils.models.unpadded.Unpadded"))
    return CommentedMap(encoder=encoder)


def read_speakers(path: Path) -> list[str]:
    """Read the names of the classes in their order; none where there is no file."""
    if not path.is_file():
        return []
    lines = re.findall(r"^'(.+)' => (\d+)$", path.read_text(encoding="utf-8"), re.M)
    names = {int(number): name for name, number in lines if name != "starting_index"}
    return [names[number] for number in sorted(names)]


def read_head(path: Path) -> dict:
    """Read the classifier's weights; none where there is no file."""
    from utils.models.experiment import read_weights

    if not path.is_file():
        return {}
    return {f"classifier.{name}": value for name, value in read_weights(path).items()}
