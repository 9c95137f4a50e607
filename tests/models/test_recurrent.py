from functools import partial

import pytest
import torch

from utils.models.recurrent import RecurrentEncoder, RecurrentLayers


def test_the_papers_gru():
    layers = partial(RecurrentLayers, cell="gru", n_units=1024, n_layers=3)
    encoder = RecurrentEncoder(64, layers, n_filters=64, embedding_dim=512)
    convolution = 64 * 5 * 5 + 64 + 2 * 64
    gru = sum(3 * 1024 * (n + 1024 + 2) for n in (32 * 64, 1024, 1024))
    affine = 512 * (1024 + 1)
    n_parameters = sum(p.numel() for p in encoder.parameters())
    assert n_parameters == convolution + gru + affine == 22_565_120
    frames, lengths = encoder.front(torch.randn(2, 161, 64), torch.tensor([161, 80]))
    assert frames.shape == (2, 81, 32 * 64) and lengths.tolist() == [81, 40]
    assert frames.min() >= 0 and frames.max() <= 20


@pytest.mark.parametrize(("cell", "n_gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_recurrent_weights_begin_orthogonal(cell, n_gates):
    layers = RecurrentLayers(5, cell, n_units=6, n_layers=2, bidirectional=True)
    for layer in layers.layers:
        for weights in (layer.weight_hh_l0, layer.weight_hh_l0_reverse):
            gates = weights.detach().split(6)
            assert len(gates) == n_gates
            for gate in gates:
                torch.testing.assert_close(gate @ gate.T, torch.eye(6))
    forget = torch.zeros(6 * n_gates)
    if cell == "lstm":
        forget[6:12] = 1
    assert torch.equal(layers.layers[0].bias_ih_l0, forget)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_layers_equal_torchs_own_stack(cell):
    ours = RecurrentLayers(5, cell, n_units=6, n_layers=3, bidirectional=True)
    kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    theirs = kind(5, 6, num_layers=3, batch_first=True, bidirectional=True)
    for number, layer in enumerate(ours.layers):
        for name, weights in layer.named_parameters():
            getattr(theirs, name.replace("l0", f"l{number}")).data = weights.data
    x = torch.randn(2, 7, 5)
    torch.testing.assert_close(ours(x), theirs(x)[0])


def test_the_last_state_of_both_directions_is_torchs():
    layers = partial(
        RecurrentLayers, cell="gru", n_units=6, n_layers=1, bidirectional=True
    )
    encoder = RecurrentEncoder(5, layers, 512, pooling="last").eval()
    x = torch.randn(2, 7, 5)
    state = encoder.layers.layers[0](x)[1].transpose(0, 1).flatten(1)
    torch.testing.assert_close(encoder.pooling(encoder.layers(x)), state)


def gradient_reaching_back(layers, n_frames=150):
    """Gradient of the last frame's output with respect to the first frame."""
    torch.manual_seed(1)
    x = torch.randn(1, n_frames, 8, requires_grad=True)
    layers(x)[:, -1].sum().backward()
    return float(x.grad[0, 0].norm())


def test_the_remedies_keep_the_gradient_of_a_plain_rnn():
    torch.manual_seed(0)
    plain = torch.nn.RNN(8, 32, num_layers=3, batch_first=True)
    remedied = RecurrentLayers(8, "rnn", n_units=32, n_layers=3, residual=True)
    without = gradient_reaching_back(lambda x: plain(x)[0])
    assert gradient_reaching_back(remedied) > 1e6 * without


def test_an_unknown_cell():
    with pytest.raises(ValueError, match="no recurrent cell 'tcn'; there are rnn, gru"):
        RecurrentLayers(5, "tcn", n_units=6, n_layers=2)
