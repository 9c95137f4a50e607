"""Values of settings: read from text, joined, and fit for those that they replace."""

import math
from typing import Any

import yaml

from utils.runtime.errors import UserError

WHOLE = "a whole number"
KINDS = {
    bool: "true or false",
    str: "a name",
    list: "a list, such as [1, 2]",
    dict: "a section or an object",
}


def nested_values(flags: dict[str, str]) -> dict:
    """Turn ``{"--net.width": "8"}`` into ``{"net": {"width": 8}}``."""
    nested: dict = {}
    for flag, text in flags.items():
        value: Any = parse_value(text)
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


def fitting_value(name: str, value: Any, known: Any, origin: str) -> Any:
    """Return a value of the kind of the one that it replaces.

    Raises
    ------
    UserError
        It is of another kind, a number that is not finite, or one below 0 in place
        of one that is not.

    Example
    -------
    >>> fitting_value("pretrain.epochs", 10.0, 30, "command line")
    10
    """
    kind, fits = _fit(value, known)
    if not fits:
        raise UserError(f"{origin}: {name} is {kind}, not {value!r}")
    return int(value) if kind == WHOLE else value


def _fit(value: Any, known: Any) -> tuple[str, bool]:
    """Tell what can take the place of a known value, and whether a value is such."""
    if known is None:  # nothing that would tell
        return "anything", True
    if isinstance(known, int | float) and not isinstance(known, bool):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = is_number and math.isfinite(value)
        if fits and known >= 0 > value:
            return "0 or more", False
        if isinstance(known, int):
            return WHOLE, fits and value == int(value)
        return "a number", fits
    for kind, name in KINDS.items():
        if isinstance(known, kind):
            return name, isinstance(value, kind)
    return "anything", True


def tag_of(node: Any) -> str:
    """Return the tag of a node of YAML; of a plain one, nothing."""
    return str(getattr(node, "tag", None) and node.tag.value or "")
