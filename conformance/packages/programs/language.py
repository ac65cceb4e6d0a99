"""Text and speech: transformers and their parts."""

import tempfile

from ..program import classified, program, trained


@program("BERT, GPT-2, Llama, T5, ViT, Mixtral, Whisper, CLIP: losses, gradients, steps of SGD, generated text; saved and loaded; a Trainer",
         "accelerate", "tokenizers", "safetensors", "huggingface_hub", "yaml", "regex", "tqdm", "torchvision")  # fmt: skip
def transformers():
    import torch
    import transformers as t

    small = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40}
    words = torch.randint(4, 99, (2, 12))
    texts = {"input_ids": words, "labels": words}
    images = torch.rand(2, 3, 32, 32)
    vision = {k: v for k, v in small.items() if k != "vocab_size"} | {"image_size": 32, "patch_size": 8}
    for model, batch in (
        (t.BertForMaskedLM(t.BertConfig(**small)), texts),
        (t.BertForSequenceClassification(t.BertConfig(**small, num_labels=3)), texts | {"labels": torch.tensor([0, 2])}),
        (t.GPT2LMHeadModel(t.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=1)), texts),
        (t.LlamaForCausalLM(t.LlamaConfig(**small, num_key_value_heads=2)), texts),
        (t.T5ForConditionalGeneration(t.T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
                                                 decoder_start_token_id=0)), texts),
        (t.MixtralForCausalLM(t.MixtralConfig(**small, num_key_value_heads=2, num_local_experts=4)), texts),
        (t.ViTForImageClassification(t.ViTConfig(**vision, num_labels=3)), {"pixel_values": images, "labels": torch.tensor([0, 2])}),
        (t.CLIPModel(t.CLIPConfig(text_config=small | {"eos_token_id": 1}, vision_config=vision, projection_dim=16)),
         {"input_ids": words, "pixel_values": images, "return_loss": True}),
        (t.WhisperForConditionalGeneration(t.WhisperConfig(
            vocab_size=99, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
            encoder_ffn_dim=37, decoder_ffn_dim=37, num_mel_bins=20, max_source_positions=30, max_target_positions=30,
            decoder_start_token_id=2, pad_token_id=0, bos_token_id=1, eos_token_id=3)),
         {"input_features": torch.rand(2, 20, 60), "labels": words}),
    ):  # fmt: skip
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        yield from trained(model, lambda: model(**batch).loss, optimizer)  # noqa: B023
        model.eval()
        if model.can_generate() and "input_ids" in batch:
            yield "tokens", model.generate(words, max_new_tokens=6, do_sample=False)
            yield "tokens", model.generate(words, max_new_tokens=6, do_sample=True, top_k=20)
            yield "tokens", model.generate(words, max_new_tokens=6, num_beams=3, do_sample=False)
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            again, half = type(model).from_pretrained(folder).eval(), type(model).from_pretrained(folder, dtype=torch.bfloat16)
        yield "weights", torch.stack([one.detach().float().sum() for one in again.parameters()])
        yield "halves", torch.stack([one.detach().float().abs().sum() for one in half.parameters()])
        if again.can_generate() and "input_ids" in batch:
            yield "tokens", again.generate(words, max_new_tokens=6, do_sample=False)
    model = t.BertForSequenceClassification(t.BertConfig(**small, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))
    data = [{"input_ids": row, "labels": torch.tensor(i % 2)} for i, row in enumerate(torch.randint(4, 99, (24, 7)))]
    with tempfile.TemporaryDirectory() as folder:
        plan = t.TrainingArguments(
            folder, num_train_epochs=2, per_device_train_batch_size=4, gradient_accumulation_steps=2, learning_rate=1e-3, lr_scheduler_type="cosine",
            warmup_steps=2, logging_steps=1, eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True, use_cpu=True, report_to=[],
            disable_tqdm=True,
        )  # fmt: skip
        trainer = t.Trainer(model, plan, train_dataset=data, eval_dataset=data[:8])
        trainer.train()
        trainer.train(resume_from_checkpoint=True)
        yield "losses", torch.tensor([one[name] for one in trainer.state.log_history for name in ("loss", "eval_loss", "grad_norm") if name in one])
        yield "outputs", torch.as_tensor(trainer.predict(data[:3]).predictions)


@program("LoRA on a GPT-2: trained, merged", "transformers", "accelerate", "torchvision")
def peft():
    import torch
    import transformers as t
    from peft import LoraConfig, get_peft_model

    model = t.GPT2LMHeadModel(t.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4))
    model = get_peft_model(model, LoraConfig(r=4, target_modules=["c_attn"], fan_in_fan_out=True))
    words = torch.randint(0, 99, (2, 12))
    yield from trained(model, lambda: model(input_ids=words, labels=words).loss)
    yield "outputs", model.merge_and_unload().eval()(words).logits


@program("decoder with rotary positions, encoder and decoder, ALiBi; generated text: trained with Lion and Adam", "einops", "einx", "loguru")
def x_transformers():
    import torch
    from x_transformers import AutoregressiveWrapper, Decoder, Encoder, TransformerWrapper, XTransformer

    words = torch.randint(0, 64, (2, 17))
    for layers in (Decoder(dim=32, depth=2, heads=2, rotary_pos_emb=True), Decoder(dim=32, depth=2, heads=2, alibi_pos_bias=True),
                   Decoder(dim=32, depth=2, heads=2, use_rmsnorm=True, ff_glu=True, attn_qk_norm=True)):  # fmt: skip
        model = AutoregressiveWrapper(TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=layers))
        yield from trained(model, lambda: model(words))  # noqa: B023
        yield "tokens", model.generate(words[:, :3], 8)
    model = TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=Encoder(dim=32, depth=2, heads=2))
    yield "outputs", model(words)
    model = XTransformer(dim=32, enc_num_tokens=64, enc_depth=1, enc_heads=2, enc_max_seq_len=20, dec_num_tokens=64, dec_depth=1, dec_heads=2, dec_max_seq_len=20)
    yield from trained(model, lambda: model(words, words))


@program("Performer as a language model: trained and applied", "einops", "local_attention", "axial_positional_embedding")
def performer_pytorch():
    import torch
    from performer_pytorch import PerformerLM

    words = torch.randint(0, 64, (2, 32))
    model = PerformerLM(num_tokens=64, max_seq_len=32, dim=32, depth=2, heads=2, causal=False, nb_features=16, local_attn_heads=1, local_window_size=16)
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(words).transpose(1, 2), words))
    yield "outputs", model.eval()(words)


@program("a language model with linear and local attention: trained", "einops", "local_attention", "linformer", "product_key_memory")
def linear_attention_transformer():
    import torch
    from linear_attention_transformer import LinearAttentionTransformerLM

    words = torch.randint(0, 64, (2, 32))
    model = LinearAttentionTransformerLM(num_tokens=64, dim=32, heads=4, depth=2, max_seq_len=32, causal=True, n_local_attn_heads=2, local_attn_window_size=8)
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(words).transpose(1, 2), words))


@program("rotations of queries and keys, with and without xpos: values and gradients", "einops")
def rotary_embedding_torch():
    import torch
    from rotary_embedding_torch import RotaryEmbedding

    q = torch.randn(1, 4, 16, 32, requires_grad=True)
    for rotary in (RotaryEmbedding(dim=16), RotaryEmbedding(dim=16, use_xpos=True, learned_freq=False)):
        found = rotary.rotate_queries_and_keys(q, q)[0] if rotary.use_xpos else rotary.rotate_queries_or_keys(q)
        yield "outputs", found
        yield "gradients", torch.autograd.grad(found.square().sum() + found.sin().sum(), q)[0]


@program("sparsemax, entmax 1.5 and by bisection, and their losses: values and gradients")
def entmax():
    import torch
    from entmax import Entmax15Loss, SparsemaxLoss, entmax15, entmax_bisect, sparsemax

    x = torch.randn(6, 9, requires_grad=True)
    alpha = torch.tensor(1.3, requires_grad=True)
    y = torch.randint(9, (6,))
    for found in (sparsemax(x, dim=-1), entmax15(x, dim=-1), entmax_bisect(x, alpha), SparsemaxLoss()(x, y), Entmax15Loss()(x, y)):
        yield "outputs", found
        yield "gradients", torch.autograd.grad(found.square().sum(), x)[0]


@program("a language model with hashed attention and reversible layers: trained", "einops", "axial_positional_embedding", "product_key_memory", "local_attention")
def reformer_pytorch():
    import torch
    from reformer_pytorch import ReformerLM

    model = ReformerLM(num_tokens=20, dim=16, depth=2, max_seq_len=64, heads=2, bucket_size=8, n_hashes=2, causal=True)
    x = torch.randint(0, 20, (2, 64))
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(x).transpose(1, 2), x))


@program("Perceiver of images and Perceiver IO: trained", "einops")
def perceiver_pytorch():
    import torch
    from perceiver_pytorch import Perceiver, PerceiverIO

    sizes = {"depth": 2, "num_latents": 8, "latent_dim": 16, "cross_dim_head": 8, "latent_dim_head": 8, "latent_heads": 2}
    model = Perceiver(input_channels=3, input_axis=2, num_freq_bands=4, max_freq=8.0, num_classes=5, cross_heads=1, **sizes)
    yield from classified(model, (2, 12, 12, 3), 5)
    io = PerceiverIO(dim=8, queries_dim=8, logits_dim=6, **sizes)
    x, queries = torch.randn(2, 10, 8), torch.randn(7, 8)
    yield from trained(io, lambda: io(x, queries=queries).square().mean())


@program("selective state spaces: trained")
def mambapy():
    import torch
    from mambapy.mamba import Mamba, MambaConfig

    model = Mamba(MambaConfig(d_model=16, n_layers=2))
    x, y = torch.randn(2, 12, 16), torch.randn(2, 12, 16)
    yield from trained(model, lambda: (model(x) - y).square().mean())
    yield "outputs", model(x)


@program("a soft mixture of experts: trained", "einops")
def soft_moe_pytorch():
    import torch
    from soft_moe_pytorch import SoftMoE

    model = SoftMoE(dim=16, seq_len=12, num_experts=4)
    x = torch.randn(2, 12, 16)
    yield from trained(model, lambda: model(x).square().mean())


@program("a mixture of experts with gates that choose two: trained", "einops")
def mixture_of_experts():
    import torch
    from mixture_of_experts import MoE

    model = MoE(dim=16, num_experts=4, hidden_dim=32)
    x = torch.randn(2, 12, 16)
    yield from trained(model, lambda: sum(found.square().mean() for found in model(x)))


@program("linear, merged and convolutional layers of low rank: trained, merged")
def loralib():
    import loralib as lora
    import torch

    model = torch.nn.Sequential(
        lora.Conv2d(3, 4, 3, r=2), torch.nn.Flatten(), lora.Linear(64, 8, r=2), torch.nn.ReLU(),
        lora.MergedLinear(8, 9, r=2, enable_lora=[True, False, True]),
    )  # fmt: skip
    lora.mark_only_lora_as_trainable(model)
    x = torch.randn(4, 3, 6, 6)
    yield from trained(model, lambda: model(x).square().mean())
    yield "outputs", model.eval()(x)


@program("a conditional random field: likelihoods, gradients, the likeliest tags")
def torchcrf():
    import torch
    from torchcrf import CRF

    crf = CRF(5, batch_first=True)
    emissions = torch.randn(3, 7, 5, requires_grad=True)
    tags, mask = torch.randint(5, (3, 7)), torch.ones(3, 7, dtype=torch.bool)
    mask[1, 5:] = mask[2, 3:] = False
    for reduction in ("sum", "mean", "token_mean", "none"):
        yield "likelihood", crf(emissions, tags, mask=mask, reduction=reduction)
    crf(emissions, tags, mask=mask).backward()
    yield "gradients", torch.cat([emissions.grad.flatten(), crf.transitions.grad.flatten()])
    yield "tags", torch.tensor(sum(crf.decode(emissions, mask), []))


@program("a bi-encoder of its modules with four losses, similarities and a dense layer: trained", "torchvision", "transformers", "tokenizers", "sklearn")
def sentence_transformers():
    import torch
    from sentence_transformers import util
    from sentence_transformers.models import Dense, Normalize, Pooling

    tokens, mask = torch.randn(4, 6, 16), torch.ones(4, 6)
    mask[1, 3:] = 0
    parts = torch.nn.Sequential(Pooling(16, "mean"), Dense(16, 8), Normalize())

    def loss():
        found = parts({"token_embeddings": tokens, "attention_mask": mask})["sentence_embedding"]
        return util.cos_sim(found[:2], found[2:]).pow(2).mean() + util.pairwise_dot_score(found[:2], found[2:]).mean()

    yield from trained(parts[1], loss)
    x = torch.randn(10, 8)
    yield "outputs", util.cos_sim(x, x)
    yield "outputs", torch.tensor([[hit["corpus_id"] for hit in hits] for hits in util.semantic_search(x[:3], x, top_k=4)])


@program("Whisper of two layers: features of a sound, outputs, gradients; text by three ways of decoding", "tiktoken", "numba", "tqdm")
def whisper():
    import torch

    if not hasattr(torch.Tensor, "to_sparse"):  # of a mask, which only the times of words are asked of
        torch.Tensor.to_sparse = lambda self: self
    from whisper.audio import log_mel_spectrogram, pad_or_trim
    from whisper.decoding import DecodingOptions
    from whisper.model import ModelDimensions, Whisper

    features = log_mel_spectrogram(pad_or_trim(torch.randn(16000) * 0.1))
    yield "features", features
    model = Whisper(ModelDimensions(80, 1500, 32, 2, 2, 51865, 448, 32, 2, 2)).eval()
    for one in model.parameters():
        torch.nn.init.normal_(one, std=0.1)
    tokens = torch.randint(51865, (1, 6))
    outputs = model(features[None], tokens)
    yield "outputs", outputs
    yield "gradients", torch.autograd.grad(outputs.square().mean(), model.decoder.blocks[0].attn.query.weight)[0]
    for way in ({"sample_len": 8}, {"sample_len": 8, "beam_size": 3}, {"sample_len": 6, "temperature": 0.7, "best_of": 2}):
        found = model.decode(features, DecodingOptions(language="en", fp16=False, **way))
        yield "tokens", torch.tensor(found.tokens)
        yield "log probabilities", torch.tensor(found.avg_logprob)


@program("Demucs, HDemucs, HTDemucs: sources of a sound, gradients", "julius", "einops", "openunmix")
def demucs():
    import torch
    from demucs.demucs import Demucs
    from demucs.hdemucs import HDemucs
    from demucs.htdemucs import HTDemucs

    sound, size = torch.randn(1, 2, 16000) * 0.1, {"channels": 8, "samplerate": 8000, "segment": 2}
    for model in (
        Demucs(["a", "b"], depth=3, lstm_layers=0, **size), HDemucs(["a", "b"], nfft=1024, depth=4, **size),
        HTDemucs(["a", "b"], nfft=1024, depth=3, t_layers=2, t_heads=2, bottom_channels=16, **size),
    ):  # fmt: skip
        found = model.eval()(sound)
        yield "sources", found
        gradients = torch.autograd.grad(found.square().sum(), list(model.parameters()), allow_unused=True)
        yield "gradients", torch.cat([one.flatten() for one in gradients if one is not None])
