"""
Fill gaps, continue series
==========================

The prior completes tokens that are missing, given all others. So a generator fills gaps and forecasts, with as many
plausible series as intervals need.
"""

import numpy as np

from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import ForecastDisplay
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("GunPoint", "train")
X_test, y_test = load_ucr("GunPoint", "test")
generator = VQGenerator(VQVAETokenizer(max_epochs=300), MaskGITPrior(max_epochs=200), random_state=0)
generator.fit(X_train, y_train)

# %%
# A missing value is NaN. Known values stay exactly as they are.
gaps = X_test.copy()
gaps[:, :, 40:70] = np.nan
filled = generator.impute(gaps, random_state=0)
error = np.abs(filled - X_test)[np.isnan(gaps)].mean()
print(f"mean absolute error in the gaps: {error:.3f}, standard deviation of the series: {X_test.std():.3f}")

ForecastDisplay.from_gaps(generator, gaps, truth=X_test, random_state=0)

# %%
# A forecast from the first 100 time points.
ForecastDisplay.from_forecast(generator, X_test[:, :, :100], 50, truth=X_test, random_state=0)
