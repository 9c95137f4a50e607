"""What the examples in docstrings find at hand: a pytest plug-in (pyproject.toml)."""

import pytest


@pytest.fixture(autouse=True)
def example_of_a_system(request, doctest_namespace, tmp_path, monkeypatch):
    """Give the examples of utils.systems.system a trained folder and two files."""
    if not request.node.name.startswith("utils.systems.system"):
        return
    from tests.systems.folders import write_system, write_voice

    doctest_namespace["folder"] = write_system(tmp_path / "triplet")
    doctest_namespace["wav_a"] = write_voice(tmp_path / "a.wav", 110)
    doctest_namespace["wav_b"] = write_voice(tmp_path / "b.wav", 190)
