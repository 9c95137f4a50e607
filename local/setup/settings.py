"""Settings of a training: a HyperPyYAML file, and the values that replace some of its.

Values are replaced by section: in a file such as ``hparams/large_margin.yaml``, or on
the command line as ``--section.key value``. A file with ``base: FILE`` beside its
sections stands for that file with its values replaced.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from local.setup.hyperparameters import load_hyperparameters, resolved_text
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
        except (RuntimeError, LookupError, ArithmeticError) as error:
            reason = str(error).strip().partition("\n")[0]
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
    tree = _read(path)
    first = Layer(str(path), {})
    base = tree.get(BASE)
    if isinstance(base, str):
        first = Layer(str(path), _sections(path, BASE))
        path = Path(os.path.normpath(path.parent / base))
        _read(path)
    layers = [first, *(Layer(str(file), _sections(file)) for file in changes)]
    layers.append(Layer(COMMAND, nested_values(flags)))
    known = _parse(_resolve(path, data), path)
    checked = [Layer(x.origin, _checked(x, known, path)) for x in layers]
    phases = [name for name, section in known.items() if is_phase(section)]
    return Settings(path, tuple(checked), data, tuple(phases))


def is_phase(section: object) -> bool:
    """Tell whether a section of hyper-parameters describes a training."""
    return isinstance(section, dict) and "brain" in section


def nested_values(flags: dict[str, str]) -> dict:
    """Turn ``{"--net.width": "8"}`` into ``{"net": {"width": 8}}``."""
    nested: dict = {}
    for flag, text in flags.items():
        value = parse_value(text)
        for name in reversed(flag.removeprefix("--").split(".")):
            value = {name: value}
        nested = merge(nested, value)
    return nested


def merge(first: dict, second: dict) -> dict:
    """Join mappings of mappings; the second wins.

    Example
    -------
    >>> merge({"net": {"width": 8, "pooling": "mean"}}, {"net": {"width": 4}})
    {'net': {'width': 4, 'pooling': 'mean'}}
    """
    joined = dict(first)
    for key, value in second.items():
        is_nested = isinstance(value, dict) and isinstance(joined.get(key), dict)
        joined[key] = merge(joined[key], value) if is_nested else value
    return joined


def parse_value(text: str) -> object:
    """Read a value as YAML does, and 1e-4 as the number that it is."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _read(path: Path) -> CommentedMap:
    """Read a file with its tags as they are."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; see the files in hparams/")
    return _parse(path.read_text(encoding="utf-8"), path)


def _parse(text: str, path: Path) -> CommentedMap:
    try:
        tree = YAML().load(text)
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: no YAML ({reason})") from None
    if not isinstance(tree, dict):
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
    tree = _read(path)
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
    prefix: str, values: dict, known: CommentedMap, origin: str, path: Path
) -> dict:
    """Check values by name, those of sections in sections as well."""
    fitting = {}
    for key, value in values.items():
        name, is_object = f"{prefix}{key}", bool(_tag(known))
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


def fitting_value(name: str, value: object, known: object, origin: str) -> object:
    """Return a value of the kind of the one that it replaces.

    Raises
    ------
    UserError
        It is of another kind, or a number that is not finite.

    Example
    -------
    >>> fitting_value("pretrain.epochs", 10.0, 30, COMMAND)
    10
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(known, bool):
        kind, fits = "true or false", isinstance(value, bool)
    elif isinstance(known, int):
        kind, fits = "a whole number", is_number and float(value).is_integer()
        value = int(value) if fits else value
    elif isinstance(known, float):
        kind, fits = "a number", is_number and math.isfinite(value)
    elif isinstance(known, str):
        kind, fits = "a name", isinstance(value, str)
    elif isinstance(known, list):
        kind, fits = "a list, such as [1, 2]", isinstance(value, list)
    elif isinstance(known, dict):
        kind, fits = "a section or an object", isinstance(value, dict)
    else:  # nothing that would tell
        return value
    if not fits:
        raise UserError(f"{origin}: {name} is {kind}, not {value!r}")
    return value


def list_settings(settings: Settings) -> list[tuple[str, str, str]]:
    """List every value that can be replaced, and where it comes from.

    Returns
    -------
    list of (str, str, str)
        Name, value, and file with line, ``command line`` or ``data``.
    """
    origins = places_in(settings.path) | dict.fromkeys(settings.data, "data")
    for layer in settings.layers:
        lines = places_in(Path(layer.origin)) if Path(layer.origin).is_file() else {}
        for section, values in layer.values.items():
            for key in values:
                name = f"{section}.{key}"
                origins[name] = lines.get(name, layer.origin)
    listed = []
    for section, values in _parse(settings.text, settings.path).items():
        if isinstance(values, dict):
            listed += [(f"{section}.{key}", values[key]) for key in values]
        else:
            listed.append((section, values))
    return [(name, short_text(value), origins[name]) for name, value in listed]


def places_in(path: Path) -> dict[str, str]:
    """Tell in which file and line each value stands, of those included as well.

    Returns
    -------
    dict of str
        Such as ``{"net.width": "hparams/models/rescnn.yaml:3"}``.
    """
    tree, places = _read(path), {}
    for section, node in tree.items():
        places[section] = f"{path}:{tree.lc.key(section)[0] + 1}"
        included = _tag(node).removeprefix("!include:")
        if included != _tag(node):
            inner = places_in(Path(os.path.normpath(path.parent / included)))
            places |= {f"{section}.{k}": v for k, v in inner.items() if "." not in k}
        if isinstance(node, dict):
            for key in node:
                places[f"{section}.{key}"] = f"{path}:{node.lc.key(key)[0] + 1}"
    return places


def short_text(value: object) -> str:
    """Write a value on one line; of an object, its class or function alone.

    Example
    -------
    >>> short_text([1, 2]), short_text(None)
    ('[1, 2]', 'null')
    """
    if _tag(value):
        return _tag(value).partition(":")[2]
    if isinstance(value, dict):
        return f"{{{', '.join(map(str, value))}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(short_text, value))}]"
    return yaml.safe_dump(value).partition("\n")[0]


def _tag(node: object) -> str:
    """Return the tag of a node of YAML; of a plain one, nothing."""
    return str(getattr(node, "tag", None) and node.tag.value or "")
