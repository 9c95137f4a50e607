"""Where each setting of a training comes from: a file and its line, or what else."""

import os
from pathlib import Path

from ruamel.yaml.comments import CommentedMap

from local.setup.settings import Settings, parse_tree, read_tree
from local.setup.values import tag_of

_WIDTH = 48  # of the names and values


def show_settings(settings: Settings) -> str:
    """Write every value that can be replaced, one a line, and where it comes from.

    The origin is a file with its line, ``command line`` or ``data``.
    """
    lines = [
        f"{f'{name}: {short_text(value)}':<{_WIDTH}}  # {origin}"
        for name, value, origin in list_settings(settings)
    ]
    return "\n".join(lines)


def list_settings(settings: Settings) -> list[tuple[str, object, str]]:
    """List every value that can be replaced: its name, the value, its origin."""
    origins = places_in(settings.path) | dict.fromkeys(settings.data, "data")
    for layer in settings.layers:
        lines = places_in(Path(layer.origin)) if Path(layer.origin).is_file() else {}
        for section, values in layer.values.items():
            for key in values:
                name = f"{section}.{key}"
                origins[name] = lines.get(name, layer.origin)
    listed: list[tuple[str, object]] = []
    for section, values in parse_tree(settings.text, settings.path).items():
        if isinstance(values, dict):
            listed += [(f"{section}.{key}", values[key]) for key in values]
        else:
            listed.append((section, values))
    return [(name, value, origins[name]) for name, value in listed]


def places_in(path: Path) -> dict[str, str]:
    """Tell in which file and line each value stands, of those included as well.

    Returns
    -------
    dict of str
        Such as ``{"net.width": "hparams/models/rescnn.yaml:3"}``.
    """
    tree, places = read_tree(path), {}
    for section, node in tree.items():
        places[section] = f"{path}:{tree.lc.key(section)[0] + 1}"
        tag = tag_of(node)
        if tag.startswith("!include:"):
            file = path.parent / tag.removeprefix("!include:")
            inner = places_in(Path(os.path.normpath(file)))
            places |= {f"{section}.{k}": v for k, v in inner.items() if "." not in k}
        if isinstance(node, CommentedMap):
            for key in node:
                places[f"{section}.{key}"] = f"{path}:{node.lc.key(key)[0] + 1}"
    return places


def short_text(value: object) -> str:
    """Write a value on one line; of an object, its class or function alone.

    Example
    -------
    >>> short_text([1, 2.5]), short_text(None), short_text({"a": 1, "b": 2})
    ('[1, 2.5]', 'null', '{a, b}')
    """
    if tag_of(value):
        return tag_of(value).partition(":")[2]
    if isinstance(value, dict):
        return f"{{{', '.join(map(str, value))}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(short_text, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return repr(float(value)) if isinstance(value, float) else str(value)
