"""The package timevqvae, where it is installed."""

import torch

from sktsvq._devices import resolve_device
from sktsvq.benchmark._measure import median_seconds


def measure_timevqvae(n_timepoints, repeats=3, device="auto", *, n_cases=64, n_steps=4):
    """Rows of the package timevqvae with the settings of its own page, for batches of `n_cases` series."""
    from timevqvae.maskgit import MaskGIT, PriorModelConfig
    from timevqvae.vqvae import VQVAE

    device = resolve_device(device)
    sizes = {"codebook_size_l": 1024, "codebook_size_h": 1024, "downsampled_width_l": 8, "downsampled_width_h": 32}
    vqvae = VQVAE(
        in_channels=1,
        input_length=n_timepoints,
        n_fft=4,
        init_dim=4,
        hid_dim=128,
        encoder_n_resnet_blocks=2,
        decoder_n_resnet_blocks=2,
        kmeans_init=True,
        codebook_dim=8,
        **sizes,
    ).to(device)
    x, labels = torch.randn(n_cases, 1, n_timepoints, device=device).cumsum(2), torch.zeros(n_cases, 1, device=device)
    vqvae(x)  # from here on it knows its numbers of tokens
    regular = {"ff_mult": 1, "use_rmsnorm": True, "p_unconditional": 0.2, "model_dropout": 0.3, "emb_dropout": 0.3}
    maskgit = MaskGIT(
        vqvae=vqvae,
        lf_choice_temperature=10.0,
        hf_choice_temperature=0.0,
        lf_num_sampling_steps=10,
        hf_num_sampling_steps=10,
        lf_codebook_size=1024,
        hf_codebook_size=1024,
        transformer_embedding_dim=128,
        lf_prior_model_config=PriorModelConfig(hidden_dim=128, n_layers=4, heads=2, **regular),
        hf_prior_model_config=PriorModelConfig(hidden_dim=32, n_layers=1, heads=1, **regular),
        classifier_free_guidance_scale=1.0,
        n_classes=2,
    ).to(device)

    def tokenizer_loss():
        output = vqvae(x)
        return sum(output.recons_loss.values()) + sum(loss["loss"] for loss in output.vq_losses.values())

    def prior_loss():
        return maskgit(x, labels.long()).total_mask_prediction_loss

    def evaluate(function):
        with torch.no_grad():
            function()

    steps = {
        "tokenizer fit": _training_steps(vqvae.train(), tokenizer_loss, n_steps),
        "prior fit": _training_steps(maskgit.train(), prior_loss, n_steps),
    }
    seconds = {operation: median_seconds(step, repeats) / n_steps for operation, step in steps.items()}
    maskgit.eval()
    seconds["inverse_transform"] = median_seconds(lambda: evaluate(lambda: vqvae(x)), repeats)
    seconds["transform"] = seconds["inverse_transform"]  # it offers the whole way only

    def sample():
        low, high = maskgit.iterative_decoding(n_cases, class_condition=1, device=device)
        return maskgit.decode_token_ind_to_timeseries(low, "lf") + maskgit.decode_token_ind_to_timeseries(high, "hf")

    seconds["sample"] = median_seconds(lambda: evaluate(sample), repeats)
    return [
        {"package": "timevqvae", "operation": operation, "n_timepoints": n_timepoints, "n_cases": n_cases}
        | {"seconds": value, "series_per_second": n_cases / value}
        for operation, value in seconds.items()
    ]


def _training_steps(module, loss, n_steps):
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)

    def run():
        for _ in range(n_steps):
            optimizer.zero_grad()
            value = loss()
            value.backward()
            optimizer.step()
        return value.item()

    return run
