"""
Embeddings for a classifier
===========================

A tokenizer is a transformer: its pooled quantised latents go into any scikit-learn workflow.
"""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktsvq.datasets import load_ucr
from sktsvq.tokenizers import VQVAETokenizer

X_train, y_train = load_ucr("ItalyPowerDemand", "train")
X_test, y_test = load_ucr("ItalyPowerDemand", "test")

for pooling in ("mean", "mean_max", None):
    tokenizer = VQVAETokenizer(output="embedding", pooling=pooling, random_state=0)
    pipe = make_pipeline(tokenizer, StandardScaler(), SVC()).fit(X_train, y_train)
    print(f"pooling={pooling!s:<9} test accuracy {pipe.score(X_test, y_test):.3f}")
