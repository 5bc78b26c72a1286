"""A translator that searches its source: a bidirectional GRU reads, a GRU attends and writes word by word (Bahdanau, Cho and
Bengio, arXiv 1409.0473; without the maxout layer before the words).
"""

import torch
from torch import Tensor, nn


class Search(nn.Module):
    """Where to look: a weight for every word of the source, by the state (section 3.1)."""

    def __init__(self, state: int, memory: int) -> None:
        super().__init__()
        self.state, self.memory, self.score = nn.Linear(state, state), nn.Linear(memory, state), nn.Linear(state, 1)

    def forward(self, state: Tensor, memory: Tensor) -> Tensor:
        """B x state, B x S x memory -> B x memory."""
        scores = self.score(torch.tanh(self.state(state).unsqueeze(1) + self.memory(memory)))
        return (scores.softmax(1) * memory).sum(1)


class Translator(nn.Module):
    """B x S and B x T word ids -> B x T x words."""

    def __init__(self, words: int = 30000, width: int = 620, state: int = 1000) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(words, width), nn.Embedding(words, width)
        self.reader = nn.GRU(width, state, bidirectional=True, batch_first=True)
        self.start, self.search = nn.Linear(state, state), Search(state, 2 * state)
        self.cell, self.words = nn.GRUCell(width + 2 * state, state), nn.Linear(state, words)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """B x S, B x T -> B x T x words."""
        memory, last = self.reader(self.source(source))
        state, written = torch.tanh(self.start(last[1])), []
        for word in self.target(target).unbind(1):
            state = self.cell(torch.cat([word, self.search(state, memory)], 1), state)
            written.append(self.words(state))
        return torch.stack(written, 1)
