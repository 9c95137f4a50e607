import numpy as np
import pytest
import torch

from utils.models.pooling import (
    POOLINGS,
    AttentiveStatisticsPooling,
    LastPooling,
    MeanPooling,
    SelfAttentivePooling,
    StatisticsPooling,
    make_pooling,
)

LENGTHS = torch.tensor([9, 1, 4])


@pytest.fixture
def frames():
    torch.manual_seed(0)
    return torch.randn(3, 9, 6)


def attention_by_hand(attention, x):
    """Weights (T, H) of the frames (T, D) of one utterance, in numpy."""
    hidden = np.tanh(x @ attention.hidden.weight.T + attention.hidden.bias)
    scores = hidden @ attention.heads.weight.T
    return np.exp(scores) / np.exp(scores).sum(axis=0)


def numbers(module):
    """Turn a module's weights into float64 arrays of the same names."""
    for part in module.modules():
        for name, weights in list(part.named_parameters(recurse=False)):
            array = weights.detach().double().numpy()
            del part._parameters[name]
            setattr(part, name, array)
    return module


def test_mean_and_statistics_against_numpy(frames):
    means = MeanPooling(6)(frames, LENGTHS)
    statistics = StatisticsPooling(6)(frames, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        x = frames[row, :length].numpy()
        np.testing.assert_allclose(means[row], x.mean(axis=0), atol=1e-6)
        expected = np.concatenate([x.mean(axis=0), np.maximum(x.std(axis=0), 1e-3)])
        np.testing.assert_allclose(statistics[row], expected, atol=1e-6)


@pytest.mark.parametrize("n_heads", [1, 3])
def test_self_attention_against_its_formula(frames, n_heads):
    pooling = SelfAttentivePooling(6, n_hidden=5, n_heads=n_heads)
    found = pooling(frames, LENGTHS).detach().numpy()
    attention = numbers(pooling.attention)
    for row, length in enumerate(LENGTHS.tolist()):
        x = frames[row, :length].numpy()
        expected = (attention_by_hand(attention, x).T @ x).ravel()
        np.testing.assert_allclose(found[row], expected, atol=1e-6)


def test_attentive_statistics_against_their_formula(frames):
    pooling = AttentiveStatisticsPooling(6, n_hidden=5)
    found = pooling(frames, LENGTHS).detach().numpy()
    attention = numbers(pooling.attention)
    for row, length in enumerate(LENGTHS.tolist()):
        x = frames[row, :length].numpy()
        weights = attention_by_hand(attention, x)
        mean = (weights * x).sum(axis=0)
        variance = (weights * x**2).sum(axis=0) - mean**2  # equation (6)
        expected = np.concatenate([mean, np.sqrt(np.maximum(variance, 1e-6))])
        np.testing.assert_allclose(found[row], expected, atol=1e-5)


def test_the_last_frame_of_each_direction(frames):
    forward = LastPooling(6)(frames, LENGTHS)
    both = LastPooling(6, n_backward=2)(frames, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(forward[row], frames[row, length - 1])
        assert torch.equal(both[row, :4], frames[row, length - 1, :4])
        assert torch.equal(both[row, 4:], frames[row, 0, 4:])
    assert torch.equal(LastPooling(6)(frames), frames[:, -1])


@pytest.mark.parametrize("name", POOLINGS)
def test_padding_may_hold_anything(frames, name):
    pooling = make_pooling(name, 6)
    expected = pooling(frames, LENGTHS)
    assert expected.shape == (3, pooling.n_outputs)
    for row, length in enumerate(LENGTHS.tolist()):
        frames[row, length:] = torch.nan
        alone = pooling(frames[row : row + 1, :length])
        torch.testing.assert_close(alone[0], expected[row], atol=1e-6, rtol=0)
    torch.testing.assert_close(pooling(frames, LENGTHS), expected)


@pytest.mark.parametrize("name", POOLINGS)
def test_a_constant_input_has_a_finite_gradient(name):
    frames = torch.ones(2, 5, 4, requires_grad=True)
    make_pooling(name, 4)(frames).square().sum().backward()
    assert frames.grad.isfinite().all()


def test_a_pooling_of_ones_own_and_an_unknown_name():
    assert isinstance(make_pooling(LastPooling, 3), LastPooling)
    with pytest.raises(ValueError, match="no pooling 'max'; there are mean, stat"):
        make_pooling("max", 3)
