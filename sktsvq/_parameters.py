"""Parameters of estimators, each stated once: its default, its rule and its text.

A class that derives from :class:`~sktsvq.base.Parameters` lists its parameters in its body. Its constructor, its
`_parameter_constraints` and the "Parameters" section of its docstring are made from that list; blocks of parameters
that several estimators share are classes of their own, which the estimators inherit.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, dataclass_transform, get_origin

from sktsvq._docs import assemble_docstring
from sktsvq._validation import describe_rules

__all__ = ["Parameters", "param", "revised"]


def param(default, rules, text, *, positional=False) -> Any:
    """A parameter of a class that derives from :class:`~sktsvq.base.Parameters`.

    Parameters
    ----------
    default : object
        Its default; immutable.
    rules : list
        What a value may be, as in scikit-learn's `_parameter_constraints`; any one of the rules suffices.
    text : str
        What it does, for the docstring.
    positional : bool, default=False
        Whether it may be given without its name.

    Returns
    -------
    field : dataclasses.Field
        What a class of :class:`~sktsvq.base.Parameters` makes a parameter of.

    Examples
    --------
    >>> from sktsvq.base import POSITIVE, Parameters, param
    >>> class Model(Parameters):
    ...     width: float = param(1.0, [POSITIVE], "Its width.")
    >>> Model(width=2.0).width
    2.0
    """
    return field(default=default, kw_only=not positional, metadata={"rules": rules, "text": text})


def revised(block, name, *, default=MISSING, rules=None, text=None, note="") -> Any:
    """A parameter of a block with another default, rules or text.

    Parameters
    ----------
    block : type
        The class that states the parameter.
    name : str
        Its name.
    default : object, optional
        Its new default.
    rules : list, default=None
        Its new rules; None keeps them.
    text : str, default=None
        Its new text; None keeps it.
    note : str, default=""
        Added to the text.

    Returns
    -------
    field : dataclasses.Field
        As of :func:`~sktsvq.base.param`.

    Examples
    --------
    >>> from sktsvq.base import Parameters, param, revised
    >>> class Model(Parameters):
    ...     depth: int = param(1, [int], "Its depth.")
    >>> class DeepModel(Model):
    ...     depth: int = revised(Model, "depth", default=8)
    >>> DeepModel().depth
    8
    """
    before = block.__dataclass_fields__[name]
    text = " ".join([before.metadata["text"] if text is None else text, note]).strip()
    rules = before.metadata["rules"] if rules is None else rules
    default = before.default if default is MISSING else default
    return param(default, rules, text, positional=not before.kw_only)


# To a type checker `param` is a plain default, so that every parameter is optional, by position or by name.
@dataclass_transform()
class Parameters:
    """Base of everything that states its parameters by :func:`~sktsvq.base.param`.

    A subclass that writes an `__init__` of its own keeps it.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name, kind in cls.__dict__.get("__annotations__", {}).items():
            if get_origin(kind) is not ClassVar and not isinstance(cls.__dict__.get(name), Field):
                raise TypeError(
                    f"{cls.__name__} annotates {name!r}, which would make it a parameter: state it by param."
                )
        dataclass(cls, eq=False, repr=False, kw_only=True)
        stated = {one.name: one.metadata["rules"] for one in fields(cls) if "rules" in one.metadata}
        cls._parameter_constraints = stated | cls.__dict__.get("_parameter_constraints", {})
        entries = {
            one.name: (f"{describe_rules(one.metadata['rules'])}, default={one.default!r}", one.metadata["text"])
            for one in sorted(fields(cls), key=lambda one: one.kw_only)
            if "rules" in one.metadata
        }
        assemble_docstring(cls, entries)

    def set_params(self, **params):
        """Set parameters of the estimator, and of the estimators in it by names such as ``tokenizer__beta``.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or the part that it belongs to is not given.
        """
        for name in params:
            part, _, of_part = name.partition("__")
            held = params.get(part, getattr(self, part, None))
            if of_part and part in self._parameter_constraints and not hasattr(held, "set_params"):
                owner = type(self).__name__
                raise ValueError(
                    f"The {part!r} parameter of {owner} must be an estimator for {name!r} to be set: give one, as in "
                    f"{owner}({part}=...). Got {held!r} instead."
                )
        return super().set_params(**params)
