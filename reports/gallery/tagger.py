"""A tagger: words, a bidirectional LSTM, a tag for each word (Huang, Xu and Yu, arXiv 1508.01991, without the CRF)."""

from torch import Tensor, nn


class Tagger(nn.Module):
    """B x T word ids -> B x T x tags."""

    def __init__(self, words: int = 10000, tags: int = 17, width: int = 100, state: int = 200) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, state, num_layers=2, bidirectional=True, batch_first=True)
        self.tags = nn.Linear(2 * state, tags)

    def forward(self, ids: Tensor) -> Tensor:
        """B x T -> B x T x tags."""
        return self.tags(self.lstm(self.words(ids))[0])
