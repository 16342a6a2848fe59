"""
Save and load
=============

`save` writes weights and parameters to one file; `sktsvq.load` reads it without running code of the file, on a machine
without a GPU too. Pickles work as well, and keep the optimiser, so that training can go on.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import numpy as np

import sktsvq
from sktsvq.datasets import load_ucr
from sktsvq.generator import VQGenerator
from sktsvq.inspection import HistoryDisplay
from sktsvq.priors import MarkovPrior
from sktsvq.tokenizers import VQVAETokenizer

X, y = load_ucr("ItalyPowerDemand", "train")
generator = VQGenerator(VQVAETokenizer(max_epochs=100), MarkovPrior(), random_state=0).fit(X, y)

with TemporaryDirectory() as folder:
    path = Path(folder, "generator.sktsvq")
    generator.save(path)
    loaded = sktsvq.load(path)
    print(f"{path.stat().st_size / 1024:.0f} kB")

same = np.array_equal(loaded.sample(5, random_state=0), generator.sample(5, random_state=0))
print(f"the same samples: {same}")

# %%
# A pickle goes on training where it was left.
tokenizer = VQVAETokenizer(max_epochs=50, warm_start=True, random_state=0).fit(X)
with TemporaryDirectory() as folder:
    joblib.dump(tokenizer, Path(folder, "tokenizer.joblib"))
    again = joblib.load(Path(folder, "tokenizer.joblib")).fit(X)
HistoryDisplay.from_estimator(again)
