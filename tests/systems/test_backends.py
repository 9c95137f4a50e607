import pytest

from utils.backend.backend import Backend
from utils.backend.files import save_backend
from utils.backend.transforms import LengthNorm
from utils.runtime.errors import UserError
from utils.systems.backends import find_backend, open_backend

NORMED = Backend((LengthNorm(),))


def test_the_first_place_counts_and_a_folder_is_itself(tmp_path):
    places = [tmp_path / "exp", tmp_path / "model"]
    save_backend(places[1] / "backends/lda", NORMED, None, {})
    assert find_backend("lda", places) == places[1] / "backends/lda"
    save_backend(places[0] / "backends/lda", NORMED, None, {})
    assert find_backend("lda", places) == places[0] / "backends/lda"
    assert find_backend(tmp_path / "model/backends/lda") == places[1] / "backends/lda"
    assert find_backend("cosine", places) is None
    with pytest.raises(UserError, match="exp/backends/plda: no such back-end; see"):
        find_backend("plda", places)


def test_embeddings_of_another_model_are_refused(tmp_path):
    path = tmp_path / "lda"
    save_backend(path, NORMED, "a", {})
    for made_by in ({"x.npy": "a"}, {"x.npy": None}, {}):
        assert open_backend(path, made_by) == NORMED
    with pytest.raises(UserError, match="another model than y.npy; train it again"):
        open_backend(path, {"x.npy": "a", "y.npy": "b"})
    save_backend(path, NORMED, None, {})
    assert open_backend(path, {"x.npy": "a"}) == NORMED
    assert open_backend(None, {"x.npy": "a"}) == Backend()
