"""Nodes of YAML that describes objects: what they are, and where they stand."""

import re
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml.nodes import Node, ScalarNode

FORMER_NAMES = {
    "utils.front_end.FrontEnd": "utils.features.front_end.FrontEnd",
    "utils.telephone.Telephone": "utils.audio.telephone.Telephone",
    "utils.vad.EnergyVad": "utils.features.vad.EnergyVad",
}
_PLAIN = "tag:yaml.org,2002:"
_PLAIN_KINDS = {"bool", "float", "int", "map", "null", "seq", "str"}
_OBJECT = re.compile(r"!(new|name):((?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*)")


def is_plain(node: Node) -> bool:
    """Tell whether a node is plain data."""
    tag = str(node.tag)
    return tag.startswith(_PLAIN) and tag[len(_PLAIN) :] in _PLAIN_KINDS


def place_of(path: Path | str, node: Node) -> str:
    """Say where a node stands, and its tag."""
    return f"{path}:{node.start_mark.line + 1}: {str(node.tag).replace(_PLAIN, '!!')}"


def object_of(node: Node) -> tuple[str, str] | None:
    """Return ``new`` or ``name`` and the class's present name, of an object's node."""
    match = _OBJECT.fullmatch(str(node.tag))
    return match and (match[1], FORMER_NAMES.get(match[2], match[2]))


def walk(node: Node | None, seen: set[int]) -> Iterator[Node]:
    """Yield a node and all below it, keys too, each once."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    yield node
    if isinstance(node, ScalarNode):
        return
    for item in node.value:
        for child in item if isinstance(item, tuple) else (item,):
            yield from walk(child, seen)


def one_line(error: Exception) -> str:
    """Return the message of an error on one line, cut where it is long."""
    return " ".join(str(error).split())[:200]
