"""Objects described by YAML in a trained folder, read as data that may be a stranger's.

The text is HyperPyYAML whose references are resolved. Only classes on a list are
built, with plain values or other such objects as arguments; every other tag in a file
is refused, so that nothing in it can run.
"""

import importlib
import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from utils.runtime.errors import UserError
from utils.systems.nodes import (
    FORMER_NAMES,
    is_plain,
    object_of,
    one_line,
    place_of,
    walk,
)

ENCODERS = "utils.models."  # every encoder that is defined there may be built
CLASSES = frozenset(
    {
        "utils.audio.telephone.Telephone",
        "utils.features.front_end.FrontEnd",
        "utils.features.kaldi_fbank.KaldiFbank",
        "utils.features.power_mel.PowerMel",
        "utils.features.vad.EnergyVad",
        "speechbrain.lobes.features.Fbank",
        "speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN",
        "speechbrain.lobes.models.ResNet.ResNet",
        "speechbrain.lobes.models.Xvector.Xvector",
        "torch.nn.GELU",
        "torch.nn.LeakyReLU",
        "torch.nn.ReLU",
        "torch.nn.SiLU",
        "torch.nn.Tanh",
    }
)
_REFERENCES = {"!ref", "!copy", "!PLACEHOLDER"}
_RECORDED = re.compile(r"!(new|name):(utils|speechbrain|torch)(\.\w+)+")
_ANY_OBJECT = re.compile(r"!(new|name|module):(\w+)(\.\w+)*")


class Description:
    r"""The checked text of a file that describes objects.

    Parameters
    ----------
    text : str
        Resolved HyperPyYAML.
    path : Path or str
        Where the text comes from, for messages.
    trust : bool
        Let HyperPyYAML build whatever the text asks for, commands included.

    Raises
    ------
    UserError
        The text is no YAML mapping, or has a tag other than ``!new:`` and ``!name:``
        of the repository, SpeechBrain or torch.

    Example
    -------
    >>> text = "line: !new:utils.audio.telephone.Telephone {codec: mulaw}"
    >>> Description(text, "a.yaml").build("line").codec
    'mulaw'
    >>> Description("a: 1\nb: !apply:os.system [ls]", "a.yaml")
    Traceback (most recent call last):
    ...
    utils.runtime.errors.UserError: a.yaml:2: !apply:os.system is not built from ...
    """

    def __init__(self, text: str, path: Path | str, trust: bool = False) -> None:
        self.text, self.path, self.trust = text, path, trust
        self._yaml = YAML(typ="safe", pure=True)
        try:
            self._root = self._yaml.compose(io.StringIO(text))
            nodes = list(walk(self._root, set()))
        except (YAMLError, RecursionError) as error:
            raise UserError(f"{path}: not YAML ({one_line(error)})") from None
        if not isinstance(self._root, MappingNode):
            raise UserError(f"{path}: no mapping of names to values")
        for node in () if trust else nodes:
            if not (is_plain(node) or _RECORDED.fullmatch(str(node.tag))):
                raise self._refusal(node)

    def build(self, *keys: str) -> Any:
        """Build the object at nested keys.

        Raises
        ------
        UserError
            There is no such key; a class is not on the list, or does not take the
            values.
        """
        if self.trust:
            return self._build_anything(keys)
        try:
            return self._construct(self._find(keys), {})
        except RecursionError:
            raise UserError(f"{self.path}: a value that contains itself") from None

    def plain(self, *keys: str) -> object:
        """Return what is at nested keys as plain data, objects by class and values.

        Two descriptions of the same object are equal, whatever their comments,
        anchors and former names.
        """
        return self._as_data(self._find(keys))

    def _find(self, keys: tuple[str, ...]) -> Node:
        node = self._root
        for key in keys:
            pairs = node.value if isinstance(node, MappingNode) else []
            found = [value for name, value in pairs if name.value == key]
            if not found:
                wanted = ".".join(keys)
                raise UserError(f"{self.path}: no {wanted} in it; name a trained model")
            node = found[-1]
        return node

    def _refusal(self, node: Node) -> UserError:
        return UserError(
            f"{place_of(self.path, node)} is not built from a model's folder; where "
            "the folder is your own, say --trust"
        )

    def _construct(self, node: Node, made: dict[int, object]) -> object:
        """Construct a node, and what has several names once."""
        if id(node) not in made:
            if is_plain(node):
                made[id(node)] = self._construct_plain(node, made)
            else:
                made[id(node)] = self._construct_object(node, made)
        return made[id(node)]

    def _construct_plain(self, node: Node, made: dict[int, object]) -> object:
        if isinstance(node, ScalarNode):
            if not is_plain(node):
                raise self._refusal(node)
            return self._yaml.constructor.construct_object(node)
        if isinstance(node, SequenceNode):
            return [self._construct(item, made) for item in node.value]
        return {key.value: self._construct(value, made) for key, value in node.value}

    def _construct_object(self, node: Node, made: dict[int, object]) -> object:
        kind, name = object_of(node) or (None, "")
        found = find_class(name) if kind else None
        if found is None:
            raise self._refusal(node)
        is_bare = isinstance(node, ScalarNode) and not node.value
        values = None if is_bare else self._construct_plain(node, made)
        arguments = values if isinstance(values, list) else []
        options = values if isinstance(values, dict) else {}
        if kind == "name":
            return partial(found, *arguments, **options) if values else found
        try:
            return found(*arguments, **options)
        except (TypeError, ValueError) as error:
            raise UserError(
                f"{self.path}:{node.start_mark.line + 1}: {name} cannot be built "
                f"({one_line(error)})"
            ) from None

    def _as_data(self, node: Node) -> object:
        if isinstance(node, ScalarNode):
            content: object = node.value
            if is_plain(node):
                content = self._yaml.constructor.construct_object(node)
        elif isinstance(node, SequenceNode):
            content = [self._as_data(item) for item in node.value]
        else:
            content = {key.value: self._as_data(value) for key, value in node.value}
        described = object_of(node)
        return content if described is None else (*described, content)

    def _build_anything(self, keys: tuple[str, ...]) -> object:
        from hyperpyyaml import load_hyperpyyaml

        text = self.text
        for former, name in FORMER_NAMES.items():
            text = text.replace(f":{former}\n", f":{name}\n")
        built = load_hyperpyyaml(text)
        for key in keys:
            built = built[key]
        return built


def find_class(name: str) -> Callable | None:
    """Import a class that a description may build.

    Parameters
    ----------
    name : str
        Its address: one of `CLASSES`, or an encoder that `utils.models` defines.

    Returns
    -------
    callable or None
        None where it may not be built.

    Example
    -------
    >>> find_class("utils.models.rescnn.ResCNN").__name__
    'ResCNN'
    >>> find_class("utils.models.experiment.shutil.rmtree"), find_class("os.system")
    (None, None)
    """
    module_name, _, class_name = name.rpartition(".")
    if name in CLASSES:
        return getattr(importlib.import_module(module_name), class_name)
    if not name.startswith(ENCODERS) or module_name.count(".") != 2:
        return None
    from torch import nn

    try:
        found = getattr(importlib.import_module(module_name), class_name, None)
    except ModuleNotFoundError:
        return None
    is_encoder = isinstance(found, type) and issubclass(found, nn.Module)
    return found if is_encoder and found.__module__ == module_name else None


def read_description(path: Path, trust: bool = False) -> Description:
    """Read and check a file of a trained folder; see `Description`.

    Raises
    ------
    UserError
        As `Description`; or there is no such file.
    """
    try:
        return Description(path.read_text(encoding="utf-8"), path, trust)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; name a trained model") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not text in UTF-8") from None


def encoder_text(text: str) -> str:
    r"""Take the encoder alone out of resolved hyper-parameters of a training.

    Example
    -------
    >>> print(encoder_text("net: {encoder: !new:a.B {n: &x 3}}\npretrain: {n: *x}"))
    encoder: !new:a.B {n: &x 3}
    <BLANKLINE>
    """
    yaml, out = YAML(), io.StringIO()
    yaml.dump({"encoder": yaml.load(text)["net"]["encoder"]}, out)
    return out.getvalue()


def refuse_what_runs(path: Path) -> None:
    """Refuse HyperPyYAML of another tool that would run when references are resolved.

    Raises
    ------
    UserError
        The file has a tag that is neither a reference nor a description of an object,
        or it is no YAML.
    """
    try:
        root = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
        nodes = list(walk(root, set()))
    except (YAMLError, RecursionError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML ({one_line(error)})") from None
    for node in nodes:
        tag = str(node.tag)
        is_known = is_plain(node) or tag in _REFERENCES or _ANY_OBJECT.fullmatch(tag)
        if not is_known:
            raise UserError(f"{place_of(path, node)} could run; take it out")
