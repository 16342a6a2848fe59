"""
One fit by several processes
============================

Two processes share every batch of one training. Run it by torchrun::

    torchrun --nproc-per-node 2 examples/fit_by_processes.py
"""

from torch import distributed

from sktsvq.datasets import make_waves
from sktsvq.generator import VQGenerator
from sktsvq.priors import MaskGITPrior
from sktsvq.tokenizers import VQVAETokenizer


def main():
    distributed.init_process_group("gloo")  # "nccl" for GPUs, after torch.cuda.set_device(LOCAL_RANK)
    X, y = make_waves(n_cases=500, n_timepoints=64, random_state=0)  # the same in all processes
    generator = VQGenerator(VQVAETokenizer(max_epochs=5), MaskGITPrior(max_epochs=5), random_state=0)
    generator.fit(X, y)  # called by all of them, and the same in all of them afterwards
    if distributed.get_rank() == 0:
        generator.save("waves.sktsvq")
        print(f"squared error {-generator.tokenizer_.score(X):.3f}")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
