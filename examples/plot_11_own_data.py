"""
Your own data
=============

Series come in arrays of shape (n_cases, n_channels, n_timepoints), or (n_cases, n_timepoints) for one channel. Here are
ways there from a CSV with one series a row, and from a long table with one value a row.
"""

from io import StringIO

import numpy as np
import pandas as pd

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.inspection import SamplesDisplay
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

# %%
# One series a row, the label in the first column.
X, y = make_waves(n_cases=80, n_timepoints=48, random_state=0)
wide = pd.DataFrame(X[:, 0]).assign(label=np.where(y == 0, "calm", "rough"))
csv = wide[["label", *range(48)]].to_csv(index=False)

table = pd.read_csv(StringIO(csv))
X_own, y_own = table.drop(columns="label").to_numpy(), table["label"].to_numpy()
print(X_own.shape, y_own[:4])

# %%
# One value a row: patient, day, and a column for each channel.
long = pd.DataFrame(
    {
        "patient": np.repeat(np.arange(80), 48),
        "day": np.tile(np.arange(48), 80),
        "pulse": X.ravel(),
        "pressure": X.ravel() ** 2,
    }
)
channels = [long.pivot(index="patient", columns="day", values=name).to_numpy() for name in ("pulse", "pressure")]
X_long = np.stack(channels, axis=1)
print(X_long.shape)

# %%
# From here on everything is the same; what was 2-D comes back 2-D.
generator = VQGenerator(VQVAETokenizer(max_epochs=200), MarkovPrior(), random_state=0).fit(X_own, y_own)
new = generator.sample(3, y=["rough"] * 3, random_state=0)
pd.DataFrame(new).round(2).iloc[:, :8]

# %%
SamplesDisplay.from_estimator(generator, X_own, y_own, random_state=0)
