"""One fit by several processes that torchrun has started: what they must agree on, and how they share the batches.

Every process has all the data and draws the same random numbers; of each batch it computes its share of the rows
(`sktsvq.nn.ranks`), and DistributedDataParallel averages the gradients. So a fit gives what one process would.
"""

import inspect
import os
import warnings

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from sktsvq.nn.ranks import Share, sharing

__all__ = ["Processes", "agree", "is_first_process", "n_processes"]


def n_processes():
    """How many processes fit together: those of torch's process group, 1 where there is none."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def is_first_process():
    """Whether this is the process that reports."""
    return n_processes() == 1 or distributed.get_rank() == 0


def agree(name, module_class, inputs, *, seed, batch_size, device):
    """The seed of the first process; ValueError unless all of them can fit together.

    Parameters
    ----------
    name : str
        The estimator that errors name.
    module_class : type
        Of the network, whose forward pass must be marked by `takes_own_rows`.
    inputs : dict of str to Tensor or PreparedRows
        The train set, which must be the same everywhere.
    seed : int
    batch_size : int
        Rows of the smallest batch.
    device : torch.device
    """
    if n_processes() == 1:
        is_launched = distributed.is_available() and distributed.is_torchelastic_launched()
        if is_launched and int(os.environ.get("WORLD_SIZE", 1)) > 1:
            warnings.warn(
                f"torchrun started several processes, each of which fits a {name} of its own. Call "
                "torch.distributed.init_process_group() before to fit one together.",
                UserWarning,
                stacklevel=2,
            )
        return seed
    if not getattr(getattr(module_class, "forward", None), "takes_own_rows", False):
        raise ValueError(
            f"{name} cannot be fitted by several processes, only tokenizers, priors and encoders can. Call "
            "torch.distributed.destroy_process_group() first, and fit it in one of them."
        )
    if batch_size < n_processes():
        raise ValueError(
            f"The batches of {name} must have at least one case for each of the {n_processes()} processes. "
            f"Got {batch_size} instead."
        )
    n_cases = len(next(iter(inputs.values())))
    ends = torch.tensor([0, n_cases - 1])
    sums = [rows.index_select(0, ends).double().reshape(2, -1).sum(1).cpu() for rows in inputs.values()]
    least, most = _least_and_most(torch.cat([torch.tensor([n_cases]).double(), *sums]).to(device))
    if not torch.equal(least, most):
        raise ValueError(
            f"fit of {name} must get the same X in all {n_processes()} processes, each of which takes its share of "
            f"every batch. Got from {least[0]:.0f} to {most[0]:.0f} cases, or other values, instead."
        )
    shared_seed = torch.tensor(seed, device=device)
    distributed.broadcast(shared_seed, 0)
    return int(shared_seed)


def _least_and_most(values):
    """The least and the greatest values of all processes."""
    least, most = values.clone(), values.clone()
    distributed.all_reduce(least, distributed.ReduceOp.MIN)
    distributed.all_reduce(most, distributed.ReduceOp.MAX)
    return least, most


class Processes:
    """How a network is trained by all processes together.

    Parameters
    ----------
    module : torch.nn.Module
        It gets the weights of the first process.
    n_epochs : int
        Epochs before these, which must be as many in all processes.
    """

    def __init__(self, module, n_epochs):
        device = next(module.parameters()).device
        least, most = _least_and_most(torch.tensor(n_epochs, device=device))
        if least != most:
            raise ValueError(
                f"All processes must go on after the same epoch: the folder of checkpoints must be one that all see. "
                f"Got from {least} to {most} epochs instead."
            )
        for buffer in module.buffers():
            distributed.broadcast(buffer, 0)
        # Buffers need no broadcast at each step: all processes move them alike. Later versions of torch say so anew.
        names = inspect.signature(DistributedDataParallel).parameters
        name = "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers"
        self.forward = DistributedDataParallel(module, **{name: False})

    @staticmethod
    def sharing(n_rows):
        """A block that computes the share of this process in a batch of so many rows."""
        n_ranks, rank = distributed.get_world_size(), distributed.get_rank()
        edges = [rank * n_rows // n_ranks, (rank + 1) * n_rows // n_ranks]
        return sharing(Share(n_ranks, n_rows, *edges))

    @staticmethod
    def average(values):
        """The mean of the tensors of all processes."""
        distributed.all_reduce(values)
        return values / distributed.get_world_size()
