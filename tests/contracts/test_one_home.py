"""A number that changes a result stands in hparams/ or in code, never in both."""

import ast
import importlib
import inspect
import re
from collections import defaultdict

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT

OBJECT = re.compile(r"!(?:new|name):(utils\.[\w.]+)")
PLAIN = None, False, 0, 1, "", "none"  # nothing of it, or one: no choice is made
EXEMPT = (
    "utils.models.",  # trained folders of before an option was there lack it
    "utils.features.kaldi_fbank.",  # defaults of the tools that they follow
    "utils.features.power_mel.",
)


def walk(node):
    if isinstance(node, dict | list):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from walk(child)


def uses():
    """Return the keys of every use of a class or function in hparams/, by address."""
    found = defaultdict(list)
    for path in sorted((ROOT / "hparams").rglob("*.yaml")):
        for node in walk(YAML().load(path)):
            match = OBJECT.fullmatch(str(node.tag.value)) if node.tag else None
            if match:
                found[match[1]].append(set(node) if isinstance(node, dict) else set())
    return found


USES = uses()


def shadows(called, keys):
    """Return the defaults that are never used, as every use names the value."""
    known = inspect.signature(called).parameters
    defaults = {
        name: p.default for name, p in known.items() if p.default is not p.empty
    }
    always = set.intersection(*keys)
    return {k: v for k, v in defaults.items() if k in always and v not in PLAIN}


def test_the_settings_are_found():
    assert {"n_iterations", "shrinkage"} <= USES[
        "utils.backend.plda.learning.PldaSettings"
    ][0]
    assert len(USES) > 20


@pytest.mark.parametrize("address", [a for a in USES if not a.startswith(EXEMPT)])
def test_code_has_no_default_of_a_value_in_hparams(address):
    module, _, name = address.rpartition(".")
    called = getattr(importlib.import_module(module), name)
    assert not shadows(called, USES[address])


def test_a_shadow_is_found():
    def learn(rate=0.1, momentum=0.9, decay=None):
        return rate, momentum, decay

    assert shadows(learn, [{"rate", "decay"}, {"rate", "momentum"}]) == {"rate": 0.1}


def defaults_by_name(package):
    """Return the numbers that functions of a package have as defaults, by parameter."""
    found = defaultdict(set)
    for path in sorted((ROOT / "utils" / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                given = node.args.args[-len(node.args.defaults) :]
                for argument, value in zip(given, node.args.defaults, strict=False):
                    if isinstance(value, ast.Constant) and type(value.value) is float:
                        found[argument.arg].add(value.value)
    return found


def test_back_ends_do_not_disagree_on_a_default():
    found = defaults_by_name("backend")
    assert {name: values for name, values in found.items() if len(values) > 1} == {}
    assert found["mean_scale"] == {1.0}


def test_distillation_is_pre_training_but_for_what_it_follows():
    """HyperPyYAML cannot include a file as a whole phase, so its lines stand twice."""
    phases = [
        {
            line
            for line in (ROOT / f"hparams/{name}.yaml").read_text().splitlines()
            if line and not line.startswith("# ")
        }
        for name in ("pretrain", "distil")
    ]
    differing = {line.partition(":")[0] for line in phases[0] ^ phases[1]}
    mixing = {"mixed_share", "mixed_below_db", "mixing", "    share", "    below_db"}
    assert differing == {"loss", "keep", "brain"} | mixing
