"""vLLM's interface as far as it is used, its names and defaults as documented, on a model of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, TypedDict

import torch
import transformers

BLOCK = 16


class TokensPrompt(TypedDict):
    prompt_token_ids: list[int]


@dataclass
class SamplingParams:
    temperature: float = 1.0
    max_tokens: int | None = 16
    logprobs: int | None = None
    allowed_token_ids: list[int] | None = None
    detokenize: bool = True

    def __post_init__(self) -> None:
        assert self.max_tokens is None or self.max_tokens >= 1, "max_tokens must be at least 1"


class LLM:
    """Keeps prefixes in blocks, as vLLM does, and counts what it was asked."""

    def __init__(
        self,
        model: str,
        *,
        dtype: str = "auto",
        max_model_len: int | None = None,
        enable_prefix_caching: bool | None = None,
        logprobs_mode: str = "raw_logprobs",
        max_logprobs: int = 20,
        trust_remote_code: bool = False,
    ) -> None:
        assert not trust_remote_code
        self.options = {"dtype": dtype, "max_model_len": max_model_len, "prefixes": enable_prefix_caching}
        self._mode, self._most = logprobs_mode, max_logprobs
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        self._model = transformers.AutoModelForCausalLM.from_pretrained(model).eval()
        self._kept: set[tuple[int, ...]] = set()
        self.calls: list[int] = []
        self.closed = False
        self.llm_engine = SimpleNamespace(engine_core=SimpleNamespace(shutdown=self._shutdown))

    def get_tokenizer(self) -> Any:
        return self._tokenizer

    def generate(
        self,
        prompts: Sequence[TokensPrompt],
        sampling_params: Sequence[SamplingParams] | None = None,
        *,
        use_tqdm: bool = True,
    ) -> list[Any]:
        assert not use_tqdm
        assert sampling_params is not None
        self.calls.append(len(prompts))
        return [
            self._answer(prompt["prompt_token_ids"], params)
            for prompt, params in zip(prompts, sampling_params, strict=True)
        ]

    def _answer(self, prompt: list[int], params: SamplingParams) -> Any:
        longest = self.options["max_model_len"]
        if isinstance(longest, int) and len(prompt) > longest:
            raise ValueError(
                f"The decoder prompt (length {len(prompt)}) is longer than the maximum {longest}"
            )
        blocks = [tuple(prompt[:end]) for end in range(BLOCK, len(prompt), BLOCK)]
        kept = max((len(block) for block in blocks if block in self._kept), default=0)
        self._kept |= set(blocks)
        written: list[int] = []
        steps: list[dict[int, Any]] = []
        while len(written) < (params.max_tokens or 16):
            with torch.inference_mode():
                raw = self._model(input_ids=torch.tensor([prompt + written])).logits[0, -1].float()
            allowed = raw
            if params.allowed_token_ids is not None:
                allowed = torch.full_like(raw, -torch.inf)
                allowed[params.allowed_token_ids] = raw[params.allowed_token_ids]
            token = int(allowed.argmax())
            if params.logprobs is not None:
                assert params.logprobs <= self._most
                told = (allowed if self._mode == "processed_logprobs" else raw).log_softmax(-1)
                top = told.topk(params.logprobs).indices.tolist()
                steps.append({i: SimpleNamespace(logprob=float(told[i])) for i in {*top, token}})
            if token == self._tokenizer.eos_token_id:
                break
            written.append(token)
        output = SimpleNamespace(token_ids=written, logprobs=steps or None)
        return SimpleNamespace(outputs=[output], prompt_token_ids=prompt, num_cached_tokens=kept)

    def _shutdown(self) -> None:
        self.closed = True


def fake_module() -> ModuleType:
    """What `import vllm` finds."""
    module = ModuleType("vllm")
    module.LLM, module.SamplingParams, module.TokensPrompt = LLM, SamplingParams, TokensPrompt  # type: ignore[attr-defined]
    return module
