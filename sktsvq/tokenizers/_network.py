"""What the tokenizers that train a network have in common."""

import numpy as np
import torch
from sklearn.base import clone
from sklearn.cluster import KMeans

from sktsvq._devices import isolated_rng
from sktsvq._fitting import PartialFitMixin
from sktsvq._series_network import SeriesNetworkMixin
from sktsvq._validation import draw_seed
from sktsvq._vocabulary import Vocabulary, slices_of_lengths
from sktsvq.nn.ends import begins_before_end
from sktsvq.tokenizers._base import BaseTokenizer
from sktsvq.tokenizers._codebook import CodebookParams

# k-means on more latents than this gives no better start.
_MAX_START_LATENTS = 20_000
# Time points of the series that the start encodes at once: their activations take less than 100 MB.
_START_VALUES = 2**17


class NetworkTokenizer(PartialFitMixin, SeriesNetworkMixin, BaseTokenizer, CodebookParams):
    """Base of the tokenizers that train a network.

    A subclass names its `_module_class` and writes `_module_config` and `_auto_steps`. The module has `encode(x)`,
    `decode(indices)`, a forward pass that returns its loss in the field `loss`, and `encoder(x)`, `bottleneck` (a
    quantiser of `sktsvq.nn`) and `token_spans`. A module that encodes series in several ways lists parts with these
    three in `branches`, in the order of their tokens. With `_takes_lengths` all of them also take `lengths`, and a part
    has `codes`, those of its bottleneck and the end codes.
    """

    _cached_values = 2**14

    def _fit(self, series, X, y):
        self._train(self._training_inputs(series), seed=draw_seed(self.random_state), X=X, y=y)

    def _encode(self, series):
        return self._map_series(self.module_.encode, series)

    def _decode(self, tokens):
        return self._decode_rows(tokens, *([self.vocabulary_.lengths(tokens)] if self.unequal_length_in_ else []))

    def _chunk_size(self, n_timepoints):
        n_distances = self.n_tokens_ * self.codebook_size_
        return super()._chunk_size(max(n_timepoints, n_distances // 1024))

    def _start(self, module, inputs):
        """Start the codes from latents of the untrained encoders."""
        for branch in _branches(module):
            branch.bottleneck.initialize(self._sample_latents(branch, **inputs), self._initial_codes)

    def _sample_latents(self, branch, x, lengths=None, **_):
        """Latents (m, d) of random positions of random series, before their ends."""
        n_positions = len(branch.token_spans)
        cases = torch.randperm(len(x))[:_MAX_START_LATENTS]
        chosen = torch.randperm(len(cases) * n_positions)[:_MAX_START_LATENTS]
        if lengths is not None:
            chosen = chosen[begins_before_end(lengths[cases], branch.token_spans).flatten()[chosen]]
        n_at_once = max(2, _START_VALUES // self.n_timepoints_in_)
        parts = []
        for first, part in enumerate(cases.split(n_at_once)):
            with torch.no_grad():
                latents = branch.encoder(x.index_select(0, part)).flatten(0, 1)
            place = chosen - first * n_at_once * n_positions
            here = ((place >= 0) & (place < len(latents))).nonzero().squeeze(1)
            parts.append((here, latents[place[here]]))
        order, latents = (torch.cat(values) for values in zip(*parts, strict=True))
        return latents[order.argsort()]

    def _initial_codes(self, latents, n_codes):  # (m, d) -> (n_codes, d)
        """Centres of the latents, or a sample of them where they are few, or what `codebook_init` says."""
        if self.codebook_init == "normal":
            return torch.randn(n_codes, latents.shape[1])
        if self.codebook_init == "kmeans" and len(latents) > n_codes:
            seed = int(torch.randint(2**31 - 1, ()))
            kmeans = KMeans(n_codes, init="random", n_init=1, max_iter=10, random_state=seed).fit(latents.numpy())
            return torch.from_numpy(kmeans.cluster_centers_)
        rows = torch.arange(n_codes) % len(latents)
        return latents[rows] + 1e-3 * latents.std() * torch.randn(n_codes, latents.shape[1])

    def _describe(self):
        self.vocabulary_ = _vocabulary_of(self.module_, self.unequal_length_in_)

    def _planned_vocabulary(self, series, unequal_length=False):
        """The `vocabulary_` of a fit on these series, but for its codes: what an untrained network has."""
        plan = clone(self)
        plan._check_series(series, reset=True)
        plan.unequal_length_in_ = unequal_length
        with isolated_rng(0, torch.device("cpu")):
            return _vocabulary_of(plan._module_class(**plan._module_config(len(series))), unequal_length)


def _vocabulary_of(module, has_ends):
    """What a network says of its tokens: each branch has one stream, or one for each of its residuals."""
    branches = _branches(module)
    codebooks = [getattr(branch, "codes", branch.bottleneck.codebook).detach().cpu().numpy() for branch in branches]
    n_streams = [branch.bottleneck.n_streams for branch in branches]
    spans = [branch.token_spans.numpy() for branch in branches]
    n_positions = [len(s) for s, n in zip(spans, n_streams, strict=True) for _ in range(n)]
    n_codes = [len(c) // n for c, n in zip(codebooks, n_streams, strict=True) for _ in range(n)]
    return Vocabulary(
        sum(n_codes),
        sum(n_positions),
        codebook=np.concatenate(codebooks),
        token_slices=slices_of_lengths(n_positions),
        codebook_slices=slices_of_lengths(n_codes),
        token_spans=np.concatenate([np.tile(s, (n, 1)) for s, n in zip(spans, n_streams, strict=True)]),
        stream_groups=n_streams,
        has_ends=has_ends,
    )


def _branches(module):
    """The parts of a network that have an encoder and a quantiser, in the order of their tokens."""
    return getattr(module, "branches", (module,))
