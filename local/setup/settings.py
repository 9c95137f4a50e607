"""Settings of a training: a HyperPyYAML file, and the values that replace some of its.

Values are replaced by section: in a file such as ``hparams/large_margin.yaml``, or on
the command line as ``--section.key value``. A file with ``base: FILE`` beside its
sections stands for that file with its values replaced.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from local.setup.hyperparameters import load_hyperparameters, resolved_text
from local.setup.values import fitting_value, merge, nested_values, tag_of
from utils.runtime.errors import UserError

BASE = "base"  # key of the file that a file of changes is about
COMMAND = "command line"


@dataclass(frozen=True)
class Layer:
    """Values to replace, by section, and where they stand.

    Attributes
    ----------
    origin : str
        File, or what else they come from.
    values : dict of dict
    """

    origin: str
    values: dict[str, dict]


@dataclass(frozen=True)
class Settings:
    """A HyperPyYAML file and its changes; later ones win.

    Attributes
    ----------
    path : Path
    layers : tuple of Layer
        The first belongs to the file that was named as the settings.
    data : dict of str to int
        Top-level values that the data decide.
    phases : tuple of str
        Sections that describe a training.
    """

    path: Path
    layers: tuple[Layer, ...]
    data: dict[str, int]
    phases: tuple[str, ...]

    def check_phase(self, phase: str) -> None:
        """Raise a `UserError` unless there is such a phase."""
        if phase not in self.phases:
            known = ", ".join(self.phases)
            raise UserError(f"{self.path}: no phase {phase!r}; there are {known}")

    def with_values(self, origin: str, section: str, values: dict) -> "Settings":
        """Replace values of a section, before those of --changes and --section.key."""
        first, *rest = self.layers
        layers = (first, Layer(origin, {section: values}), *rest)
        return replace(self, layers=layers)

    @property
    def replaced(self) -> dict:
        """Join all values that replace the file's."""
        joined: dict = dict(self.data)
        for layer in self.layers:
            joined = merge(joined, layer.values)
        return joined

    @property
    def text(self) -> str:
        """The file with every reference, include and change filled in."""
        return _resolve(self.path, self.replaced)

    def build(self) -> dict:
        """Build the objects that the settings describe.

        Raises
        ------
        UserError
            One cannot be built from its values.
        """
        replaced = yaml.safe_dump(self.replaced)
        try:
            return load_hyperparameters(self.path, replaced)
        except (RuntimeError, LookupError, ArithmeticError, AssertionError) as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise UserError(
                f"{self.path}: cannot be built ({reason}); check the replaced values"
            ) from None


def read_settings(
    path: Path, changes: Sequence[Path], flags: dict[str, str], data: dict[str, int]
) -> Settings:
    """Read settings and what replaces some of their values.

    Parameters
    ----------
    path : Path
        HyperPyYAML file, or a file of changes with a ``base``.
    changes : sequence of Path
        Files of changes; later ones win.
    flags : dict of str
        The command line's, such as ``{"--net.width": "8"}``; these win over all.
    data : dict of str to int
        Values of top-level placeholders.

    Raises
    ------
    UserError
        A file is not there or of another form; a value replaces none, or is of
        another kind than the one that it replaces.
    """
    tree = read_tree(path)
    first = Layer(str(path), {})
    base = tree.get(BASE)
    if isinstance(base, str):
        first = Layer(str(path), _sections(path, BASE))
        path = Path(os.path.normpath(path.parent / base))
        read_tree(path)
    layers = [first, *(Layer(str(file), _sections(file)) for file in changes)]
    layers.append(Layer(COMMAND, nested_values(flags)))
    known = parse_tree(_resolve(path, data), path)
    checked = [Layer(x.origin, _checked(x, known, path)) for x in layers]
    phases = [name for name, section in known.items() if is_phase(section)]
    return Settings(path, tuple(checked), data, tuple(phases))


def is_phase(section: object) -> bool:
    """Tell whether a section of hyper-parameters describes a training."""
    return isinstance(section, dict) and "brain" in section


def read_tree(path: Path) -> CommentedMap:
    """Read a file with its tags as they are."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; see the files in hparams/")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8; save it as UTF-8") from None
    return parse_tree(text, path)


def parse_tree(text: str, path: Path) -> CommentedMap:
    """Read the text of a file with its tags as they are."""
    try:
        tree = YAML().load(text)
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: no YAML ({reason})") from None
    if not isinstance(tree, CommentedMap):
        raise UserError(f"{path}: holds no settings; see the files in hparams/")
    return tree


def _resolve(path: Path, replaced: dict) -> str:
    """Fill in references and includes."""
    try:
        return resolved_text(path, yaml.safe_dump(replaced))
    except (ValueError, LookupError, TypeError, OSError, YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: cannot be resolved ({reason})") from None


def _sections(path: Path, *others: str) -> dict[str, dict]:
    """Read values to replace, by section; ``others`` are keys of another meaning."""
    tree = read_tree(path)
    sections = {name: tree[name] for name in tree if name not in others}
    if not all(isinstance(section, dict) for section in sections.values()):
        raise UserError(
            f"{path}: write sections of values, as hparams/large_margin.yaml"
        )
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: write plain values ({reason})") from None
    return {name: plain[name] for name in sections}


def _checked(layer: Layer, known: CommentedMap, path: Path) -> dict[str, dict]:
    """Return a layer's values, each fit to take the place of one that there is."""
    for section, values in layer.values.items():
        if not isinstance(values, dict) or not isinstance(known.get(section), dict):
            raise UserError(
                f"{path}: no section {section!r}; write --section.key value"
            )
    return _fitting_values("", layer.values, known, layer.origin, path)


def _fitting_values(
    prefix: str, values: dict, known: dict, origin: str, path: Path
) -> dict:
    """Check values by name, those of sections in sections as well."""
    fitting = {}
    for key, value in values.items():
        name, is_object = f"{prefix}{key}", bool(tag_of(known))
        if key not in known and not is_object:
            raise UserError(
                f"{origin}: no value {name} to replace in {path}; "
                f"there are {', '.join(map(str, known))}"
            )
        ours = known.get(key)
        if isinstance(value, dict) and isinstance(ours, dict):
            value = _fitting_values(f"{name}.", value, ours, origin, path)
        fitting[key] = fitting_value(name, value, ours, origin)
    return fitting
