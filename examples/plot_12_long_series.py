"""
One long series
===============

A long recording is cut into windows, which are the cases. `make_windows` copies them: with stride 1 they take as many
times the memory of the recording as a window is long.
"""

import numpy as np

from sktsvq.datasets import make_windows
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ForecastDisplay, SamplesDisplay
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

rng = np.random.default_rng(0)
time = np.arange(6000)
daily = np.sin(2 * np.pi * time / 48) + 0.4 * np.sin(4 * np.pi * time / 48 + 1)
recording = daily * (1 + 0.3 * np.sin(2 * np.pi * time / 1500)) + 0.1 * rng.normal(size=len(time))

# %%
# The last fifth is held out. Windows of the two parts must not overlap, so the recording is cut first.
windows = make_windows(recording[:4800], 96, stride=12)
held_out = make_windows(recording[4800:], 96, stride=48)
print(windows.shape, held_out.shape)

# %%
generator = VQGenerator(VQVAETokenizer(32, max_epochs=60), MaskGITPrior(max_epochs=60), random_state=0).fit(windows)
SamplesDisplay.from_estimator(generator, held_out, random_state=0)

# %%
ForecastDisplay.from_forecast(generator, held_out[:, :, :60], 36, truth=held_out, n_cases=2, random_state=0)
