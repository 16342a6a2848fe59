"""Parameters are stated once: constructors, constraints and docstrings follow from them."""

import inspect
import pickle
import re
from dataclasses import fields
from typing import ClassVar

import pytest
from sklearn.base import BaseEstimator, clone

from sktsvq import metrics, priors, representation, tokenizers
from sktsvq._parameters import Parameters, param, revised
from sktsvq._validation import AT_LEAST_ONE, NOT_NEGATIVE, StrOptions
from sktsvq.classifier import FCNClassifier
from sktsvq.generator import VQGenerator

PUBLIC = [
    getattr(module, name)
    for module in (tokenizers, priors, representation, metrics)
    for name in module.__all__
    if inspect.isclass(getattr(module, name)) and issubclass(getattr(module, name), Parameters)
]
CLASSES = [cls for cls in [*PUBLIC, FCNClassifier, VQGenerator] if not inspect.isabstract(cls)]


class Block(Parameters):
    """A block.

    Attributes
    ----------
    learnt_ : int
        What is learnt.
    """

    width: int = param(8, [AT_LEAST_ONE], "Width.")
    rate: float = param(0.5, [NOT_NEGATIVE], "Rate.")


class Model(Block, BaseEstimator):
    """A model.

    Notes
    -----
    Nothing.
    """

    size: int | str = param("auto", [StrOptions({"auto"}), AT_LEAST_ONE], "Size.", positional=True)
    width: int = revised(Block, "width", default=16, note="Of two layers.")


def test_a_class_follows_from_its_parameters():
    assert str(inspect.signature(Model)) == (
        "(size: int | str = 'auto', *, width: int = 16, rate: float = 0.5) -> None"
    )
    assert Model(3, rate=1.0).get_params() == {"size": 3, "width": 16, "rate": 1.0}
    assert clone(Model(3)).size == 3 and repr(Model(3)) == "Model(size=3)"
    assert Model(3) != Model(3), "estimators compare by identity"
    assert set(Model._parameter_constraints) == {"size", "width", "rate"}
    assert (
        """size : {"auto"} or int in [1, inf), default='auto'
    Size.
width : int in [1, inf), default=16
    Width. Of two layers.
rate : float in [0, inf), default=0.5
    Rate.

Attributes
----------
learnt_ : int
    What is learnt.

Notes
-----
Nothing.
"""
        in Model.__doc__
    )


def test_a_class_may_write_its_own_constructor():
    class Own(Model):
        def __init__(self, size=4):
            super().__init__(size)

    assert Own().get_params() == {"size": 4}


def test_what_is_annotated_is_a_parameter():
    with pytest.raises(TypeError, match="Wrong annotates 'kind', which would make it a parameter"):

        class Wrong(Block):
            kind: str = "plain"


def test_class_variables_are_no_parameters():
    class Right(Block):
        kind: ClassVar[str] = "plain"

    assert list(inspect.signature(Right).parameters) == ["width", "rate"] and Right.kind == "plain"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_docstrings_show_all_parameters(cls):
    signature = inspect.signature(cls).parameters
    section = cls.__doc__.split("Parameters\n----------\n")[1] if signature else ""
    section = re.split(r"\n\n[A-Z][a-z]+\n-+\n", section)[0]
    documented = dict(re.findall(r"^(\w+) : (.+)$", section, re.MULTILINE))
    assert list(documented) == list(signature)
    for name, parameter in signature.items():
        assert documented[name].endswith(f", default={parameter.default!r}")
    assert all(one.metadata["text"].endswith(".") for one in fields(cls))
    assert "Examples\n--------" in cls.__doc__
    assert pickle.loads(pickle.dumps(cls())).get_params() == cls().get_params() or "scorers" in signature
    assert set(cls._parameter_constraints) == set(signature)


def test_no_model_has_parameters_that_it_does_not_use():
    assert "downsampling_rate" not in tokenizers.TimeVQVAETokenizer().get_params()
    assert "n_heads" not in priors.WaveNetPrior().get_params()
