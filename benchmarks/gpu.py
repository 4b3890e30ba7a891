"""Speed of the transformers backend, as ratios within one run: on a GPU, or, to try the script out, on a CPU.

    python benchmarks/gpu.py [--model NAME|FOLDER|FILE.gguf|random:1.5b|random:7b|random:tiny] [--device auto]
                             [--posts 512] [--length 128] [--shots 32] [--repeats 3] [--only label,state,plain,unshared]

Items a second and tokens a second of posts of `--length` tokens behind a profile prompt with `--shots` shots:

    label     the label words of each post (what a category with a definition alone costs)
    state     the hidden states at five sevenths of the depth, with early exit (what the reading costs)
    unshared  the same label words, each post with its whole prompt, in batches: no prefix is shared
    plain     a `pipeline("text-generation")` loop that writes one token for each post

and what share of the device's own matrix peak the label words reach. The peak is measured: one large product in the
model's number format. `random:SIZE` has random weights of the right shape, which are as fast as any.

It prints the device with every run: figures of different devices are not to be compared.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from modcli.backends.transformers import Transformers
from modcli.backends.transformers_loading import choose_device, choose_dtype, load, taken_apart
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.template import conversation

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
#: Width, width within, layers, heads, heads of keys, vocabulary: as Qwen2.5 has them.
SHAPES = {
    "tiny": (64, 128, 4, 4, 2, 1000),
    "1.5b": (1536, 8960, 28, 12, 2, 151936),
    "7b": (3584, 18944, 28, 28, 4, 152064),
}
QUESTION = Question("", ("spam", "ordinary"))
WORDS = "the sea was calm and nobody spoke about prices until somebody asked what a ticket to the island would cost"


def random_model(size: str, device: str) -> Transformers:
    """Random weights of a shape, with a tokenizer of bytes and words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    width, within, layers, heads, key_heads, vocabulary = SHAPES[size]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([f"{WORDS} spam ordinary system user assistant Label posts"], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    tokenizer.chat_template = CHATML
    config = transformers.Qwen2Config(
        hidden_size=width,
        intermediate_size=within,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        vocab_size=vocabulary,
        max_position_embeddings=32768,
        pad_token_id=1,
        eos_token_id=1,
    )
    dtype = choose_dtype(device)
    with torch.device(device):
        old = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            model = transformers.Qwen2ForCausalLM(config).eval()
        finally:
            torch.set_default_dtype(old)
    loaded = taken_apart(model, tokenizer, torch.device(device), dtype)
    return Transformers.of(loaded, name=f"random {size}", digest="0" * 64, context=32768)


def opened(model: str, device: str) -> Transformers:
    if model.startswith("random:"):
        return random_model(model.removeprefix("random:"), device)
    loaded = load(Path(model).expanduser(), device=device)
    return Transformers.of(loaded, name=Path(model).name, digest="0" * 64, context=32768)


def posts(backend: Transformers, count: int, length: int) -> list[str]:
    """Texts of about so many tokens, no two alike."""
    words = WORDS.split()
    found = []
    for i in range(count):
        text, j = f"{i}", i
        while len(backend._tokens.plain(text)) < length:
            text, j = f"{text} {words[j % len(words)]}", j + 7
        found.append(text)
    return found


def prefix_with(shots: int) -> Prefix:
    turns = [(f"{WORDS} {i}", ("spam", "ordinary")[i % 2]) for i in range(shots)]
    return Prefix(conversation("Label posts as spam or ordinary.", turns))


def settled(device: str) -> None:
    """What the device was given is done."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def timed(work: Callable[[], object], device: str, repeats: int) -> float:
    """Median seconds, after one turn that does not count."""
    seconds = []
    for turn in range(repeats + 1):
        settled(device)
        start = time.perf_counter()
        work()
        settled(device)
        if turn:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def matrix_peak(device: str, dtype: Any, repeats: int) -> float:
    """Floating-point operations a second of one large product."""
    size = 8192 if device.startswith("cuda") else 1024
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / timed(lambda: a @ b, device, max(repeats, 5))


def unshared(backend: Transformers, prefix: Prefix, texts: list[str], batch: int) -> None:
    """Each post with its whole prompt, in batches, only the last position through the head."""
    before, after = backend._tokens.framed(prefix)
    model, device = backend._model.model, backend._model.device
    rows = sorted((before + backend._tokens.plain(text) + after for text in texts), key=len)
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        longest = max(map(len, part))
        ids = torch.tensor([[0] * (longest - len(row)) + row for row in part], device=device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in part], device=device)
        with torch.inference_mode():
            model(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=1).logits.float().cpu()


def plain(backend: Transformers, prefix: Prefix, texts: list[str]) -> None:
    """What a script of ten lines does."""
    tokenizer = backend._model.tokenizer
    pipe = transformers.pipeline("text-generation", model=backend._model.model, tokenizer=tokenizer)
    turns = [{"role": message.role.value, "content": message.content} for message in prefix.messages]
    for text in texts:
        pipe([*turns, {"role": "user", "content": text}], max_new_tokens=1, do_sample=False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="random:1.5b")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--posts", type=int, default=512)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--shots", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16, help="of `unshared`")
    parser.add_argument("--plain-posts", type=int, default=16, help="how many the slow loops are given")
    parser.add_argument("--only", default="label,state,unshared,plain")
    given = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    device = choose_device(given.device)
    named = torch.cuda.get_device_name(0) if device.startswith("cuda") else device
    backend = opened(given.model, device)
    texts, prefix = posts(backend, given.posts, given.length), prefix_with(given.shots)
    few = texts[: given.plain_posts]
    tap = round(backend.facts.layers * 5 / 7)
    backend.read(prefix, texts[:1], questions=[QUESTION])
    tokens = sum(readout.tokens for readout in backend.read(prefix, few, questions=[QUESTION])) / len(few)
    print(f"{named}, {backend.dtype}, {backend.facts.name}, torch {torch.__version__}")
    print(f"prefix {len(backend._tokens.framed(prefix)[0])} tokens, {tokens:.0f} tokens an item\n")
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "label": (len(texts), lambda: backend.read(prefix, texts, questions=[QUESTION])),
        "state": (len(texts), lambda: backend.read(prefix, texts, taps=[tap])),
        "unshared": (len(few), lambda: unshared(backend, prefix, few, given.batch)),
        "plain": (len(few), lambda: plain(backend, prefix, few)),
    }
    rates = {}
    for name in given.only.split(","):
        count, work = works[name]
        rates[name] = count / timed(work, device, given.repeats)
    print("| | items/s | own tokens/s | times plain |\n|---|---|---|---|")
    for name, rate in rates.items():
        ratio = f"{rate / rates['plain']:.1f}" if "plain" in rates else ""
        print(f"| {name} | {rate:.1f} | {rate * tokens:.0f} | {ratio} |")
    if "label" in rates:
        peak = matrix_peak(device, backend._model.dtype, given.repeats)
        weights = sum(layer.numel() for layer in backend._model.layers.parameters())
        done = rates["label"] * tokens * 2 * weights
        print(f"\nmatrix peak measured {peak / 1e12:.2f} TFLOP/s; label words {done / peak:.0%} of it")
        print("(products with the weights of the layers alone are counted, neither attention nor the head)")


if __name__ == "__main__":
    main()
