"""Make the golden files: what PyTorch computes for small networks, to compare with.

Run once, with PyTorch, from the repository root: python tests/golden/make_golden.py. Everything is float32
and under PyTorch's own names; tests/network/test_against_pytorch.py translates them.
"""

from pathlib import Path

import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

VOCAB_SIZE, HIDDEN_SIZE, SEQ_LENGTH, BATCH_SIZE = 7, 6, 5, 3
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def make(cell: str, num_layers: int, seed: int) -> dict[str, Tensor]:
    """Return weights, tokens, initial states, and all that follows from them, gradients included."""
    torch.manual_seed(seed)
    rnn = CELLS[cell](VOCAB_SIZE, HIDDEN_SIZE, num_layers)
    head = nn.Linear(HIDDEN_SIZE, VOCAB_SIZE)
    tokens, targets = torch.randint(VOCAB_SIZE, (2, SEQ_LENGTH, BATCH_SIZE))
    h0, c0 = (0.5 * torch.randn(2, num_layers, BATCH_SIZE, HIDDEN_SIZE)).unbind()
    variables = {f"rnn.{name}": weight for name, weight in rnn.named_parameters()}
    variables |= {f"head.{name}": weight for name, weight in head.named_parameters()}
    variables |= {"h0": h0, "c0": c0} if cell == "lstm" else {"h0": h0}
    for variable in variables.values():
        variable.requires_grad_()

    x = nn.functional.one_hot(tokens, VOCAB_SIZE).float()
    h, final = rnn(x, (h0, c0) if cell == "lstm" else h0)
    logits = head(h)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    loss.backward()

    final_states = {"h_n": final[0], "c_n": final[1]} if cell == "lstm" else {"h_n": final}
    results = {"tokens": tokens.int(), "targets": targets.int(), "h": h, "logits": logits, "loss": loss}
    gradients = {f"grad.{name}": variable.grad for name, variable in variables.items()}
    return {**variables, **results, **final_states, **gradients}


def main() -> None:
    """Write one file for each cell and number of layers."""
    for seed, (cell, num_layers) in enumerate((cell, layers) for cell in CELLS for layers in (1, 2)):
        arrays = {name: tensor.detach().numpy() for name, tensor in make(cell, num_layers, seed).items()}
        path = Path(__file__).parent / f"{cell}_{num_layers}.safetensors"
        save_file(arrays, path, metadata={"torch": torch.__version__})


if __name__ == "__main__":
    main()
