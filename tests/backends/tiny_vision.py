"""Tiny models that see, with random weights, saved in the hub's format with the processors that such models bring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.backends.tiny import WORDS

#: As such models' own: a turn is a list of pieces, and a picture is a word of the template.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}{% for piece in message.content %}"
    "{% if piece.type == 'image' %}PICTURE{% else %}{{ piece.text }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
IMAGE = "<image>"
_SPLIT = [
    "<fake_token_around_image>",
    "<global-img>",
    *(f"<row_{i}_col_{j}>" for i in (1, 2) for j in (1, 2)),
]


def tokenizer(*special: str) -> Any:
    """A vocabulary of bytes and a few words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|im_start|>", "<|im_end|>", *special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([WORDS] * 4, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    for token in special:
        made.add_tokens(token, special_tokens=True)
    return made


def text_config(words: Any, **more: Any) -> dict[str, Any]:
    """Four layers, 32 wide."""
    return {
        "vocab_size": len(words),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "initializer_range": 0.4,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
        **more,
    }


def save_llava(folder: Path, *, template: str = TEMPLATE) -> Path:
    """A LLaVA: CLIP's vision tower, 16 tokens a picture, and a Llama."""
    import torch
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    words = tokenizer(IMAGE)
    torch.manual_seed(5)
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32,
        patch_size=8, projection_dim=16, initializer_range=0.4,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=vision,
        text_config=LlamaConfig(**text_config(words)),
        image_token_index=words.convert_tokens_to_ids(IMAGE),
        image_seq_length=16,
        vision_feature_layer=-1,
        initializer_range=0.4,
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    side = {"height": 32, "width": 32}
    LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side),
        tokenizer=words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template.replace("PICTURE", IMAGE),
    ).save_pretrained(folder)
    return folder


def save_idefics3(folder: Path, *, template: str = TEMPLATE) -> Path:
    """An Idefics3, as SmolVLM's first: a picture is cut into parts, each with tokens around it."""
    import torch
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    words = tokenizer(IMAGE, "<end_of_utterance>", *_SPLIT)
    torch.manual_seed(5)
    config = Idefics3Config(
        text_config={"model_type": "llama", **text_config(words)},
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 32, "patch_size": 8, "initializer_range": 0.4,
        },
        image_token_id=words.convert_tokens_to_ids(IMAGE),
        scale_factor=2,
        pad_token_id=1,
    )  # fmt: skip
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    Idefics3Processor(
        image_processor=Idefics3ImageProcessorPil(
            size={"longest_edge": 64}, max_image_size={"longest_edge": 32}
        ),
        tokenizer=words,
        image_seq_len=4,
        chat_template=template.replace("PICTURE", IMAGE),
    ).save_pretrained(folder)
    return folder


def save_qwen2_vl(folder: Path, *, template: str = TEMPLATE) -> Path:
    """A Qwen2-VL: places in three dimensions, as many tokens as the picture is large. Needs torchvision."""
    import torch
    from transformers import (
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    special = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>", "<|vision_pad|>")
    words = tokenizer(*special)
    ids = {token: words.convert_tokens_to_ids(token) for token in special}
    torch.manual_seed(5)
    config = Qwen2VLConfig(
        text_config=text_config(
            words,
            rope_parameters={"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]},
        ),
        vision_config={
            "depth": 2, "embed_dim": 16, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14,
            "initializer_range": 0.4,
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )  # fmt: skip
    Qwen2VLForConditionalGeneration(config).save_pretrained(folder)
    Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(),
        tokenizer=words,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=template.replace("PICTURE", "<|vision_start|><|image_pad|><|vision_end|>"),
    ).save_pretrained(folder)
    return folder


def save_gemma3(folder: Path, *, template: str = TEMPLATE) -> Path:
    """A Gemma 3: the parts of a picture see each other, whatever their order, and some layers see few tokens back."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3Processor
    from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

    named = {"boi_token": "<boi>", "eoi_token": "<eoi>", "image_token": "<soft>"}
    words = tokenizer(*named.values())
    words._set_model_specific_special_tokens(named)
    torch.manual_seed(5)
    config = Gemma3Config(
        text_config=text_config(
            words, head_dim=8, sliding_window=16, query_pre_attn_scalar=8,
            layer_types=["sliding_attention", "full_attention"] * 2,
        ),
        vision_config={
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 32, "patch_size": 8, "vision_use_head": False, "initializer_range": 0.4,
        },
        mm_tokens_per_image=4,
        boi_token_index=words.convert_tokens_to_ids("<boi>"),
        eoi_token_index=words.convert_tokens_to_ids("<eoi>"),
        image_token_index=words.convert_tokens_to_ids("<soft>"),
        initializer_range=0.4,
    )  # fmt: skip
    model = Gemma3ForConditionalGeneration(config)
    # Made of zeros, it would see nothing.
    model.model.multi_modal_projector.mm_input_projection_weight.data.normal_(std=0.4)
    model.save_pretrained(folder)
    Gemma3Processor(
        image_processor=Gemma3ImageProcessorPil(size={"height": 32, "width": 32}),
        tokenizer=words,
        chat_template=template.replace("PICTURE", "<boi>"),
        image_seq_length=4,
    ).save_pretrained(folder)
    return folder


SAVED: dict[str, Callable[..., Path]] = {
    "llava": save_llava,
    "idefics3": save_idefics3,
    "qwen2-vl": save_qwen2_vl,
    "gemma3": save_gemma3,
}
