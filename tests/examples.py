"""What the examples in docstrings find at hand: a pytest plug-in (pyproject.toml)."""

import pytest

WITH_A_SYSTEM = (
    "utils.systems.system",
    "utils.systems.online_embeddings",
    "utils.verification.verifier",
)


@pytest.fixture(autouse=True)
def example_of_a_system(request, doctest_namespace, tmp_path, monkeypatch):
    """Give the examples of trained systems a folder and two files."""
    if not request.node.name.startswith(WITH_A_SYSTEM):
        return
    from tests.systems.folders import write_system, write_voice

    doctest_namespace["folder"] = write_system(tmp_path / "triplet")
    doctest_namespace["wav_a"] = write_voice(tmp_path / "a.wav", 110)
    doctest_namespace["wav_b"] = write_voice(tmp_path / "b.wav", 190)
