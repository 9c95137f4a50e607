import pytest
import torch
from torch import nn

from utils.training.checkpoints import AtomicCheckpointer, TrainingState


@pytest.fixture
def model():
    return nn.Linear(1, 1, bias=False)


@pytest.fixture
def checkpointer(tmp_path, model):
    return AtomicCheckpointer(tmp_path, {"model": model, "state": TrainingState()})


def save(checkpointer, model, value, **meta):
    with torch.no_grad():
        model.weight.fill_(value)
    checkpointer.save_and_keep_only(meta=meta, min_keys=["eer"], importance_keys=[])


def test_newest_and_best_are_kept(checkpointer, model, tmp_path):
    for value, eer in enumerate((0.3, 0.1, 0.2, 0.4)):
        save(checkpointer, model, value, eer=eer)
    assert len(list(tmp_path.iterdir())) == 2
    assert checkpointer.recover_if_possible(min_key="eer").meta["eer"] == 0.1
    assert model.weight.item() == 1
    checkpointer.recover_if_possible()
    assert model.weight.item() == 3


def test_a_save_that_was_killed_leaves_the_one_before(checkpointer, model, tmp_path):
    save(checkpointer, model, 1.0, eer=0.2)

    def killed(*_):
        raise KeyboardInterrupt

    checkpointer.add_recoverable("late", object(), None, killed)
    with pytest.raises(KeyboardInterrupt):
        save(checkpointer, model, 2.0, eer=0.1)
    after = AtomicCheckpointer(tmp_path, {"model": model, "state": TrainingState()})
    assert after.recover_if_possible().meta["eer"] == 0.2
    assert model.weight.item() == 1
    save(after, model, 3.0, eer=0.1)
    after.recover_if_possible()
    assert model.weight.item() == 3
    assert {path.name[:4] for path in tmp_path.iterdir()} == {"CKPT"}


def test_state_comes_back(checkpointer, model, tmp_path):
    state = checkpointer.recoverables["state"]
    state.records.append({"epoch": 0, "valid_eer": 0.25})
    state.note(loss=torch.tensor(0.1))
    state.note(loss=0.2)
    state.seconds, state.history = 1.5, torch.eye(2)
    save(checkpointer, model, 1.0, eer=0.25)
    other = TrainingState()
    AtomicCheckpointer(tmp_path, {"model": model, "state": other}).recover_if_possible()
    assert other.records == state.records and other.seconds == 1.5
    assert other.sums == state.sums and torch.equal(other.history, torch.eye(2))
    other.start_epoch()
    assert other.sums == {} and other.records
