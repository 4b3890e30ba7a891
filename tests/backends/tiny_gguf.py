"""Tiny GGUF files with random weights, of the part that reads and of the part that sees, made by gguf alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.backends.tiny import CHATML

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 32, 4, 4, 64, 4096
SEEN, SEEN_LAYERS, SIDE, PATCH = 16, 2, 32, 8
_CONTROL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
#: What stands around the parts of a picture in an Idefics3, and around one in a Qwen2-VL.
_AROUND = ("\n\n", "<fake_token_around_image>", "<global-img>", "<|vision_start|>", "<|vision_end|>")
_OF_GEMMA = ("<start_of_image>", "<end_of_image>")
_NORMAL, _UNKNOWN, _IS_CONTROL, _BYTE = 1, 2, 3, 6


def save_text_part(path: Path, *, template: str = CHATML, around: bool = True, kind: str = "llama") -> Path:
    """Four layers of a Llama, of a `qwen2vl`, which places pictures in three dimensions, or of a `gemma3`, in which the
    parts of a picture see each other; 32 wide, with a vocabulary of bytes; `around`: also what stands around pictures."""
    import gguf

    random = np.random.default_rng(5)
    writer = gguf.GGUFWriter(path, kind)
    special = (*_CONTROL, *(_AROUND if around else ()), *(_OF_GEMMA if kind == "gemma3" else ()))
    tokens = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581"]  # the last is a blank
    kinds = [_UNKNOWN, *[_IS_CONTROL] * (len(special) - 1), *[_BYTE] * 256, _NORMAL]
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    if kind == "gemma3":
        writer.add_key_length(WIDTH // HEADS)
        writer.add_value_length(WIDTH // HEADS)
        writer.add_sliding_window(64)
    if kind == "qwen2vl":
        writer.add_rope_dimension_sections([2, 1, 1, 0])
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(4)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template)

    def add(name: str, *shape: int) -> None:
        values = np.ones(shape) if len(shape) == 1 else random.normal(size=shape, scale=0.35)
        writer.add_tensor(name, values.astype(np.float32))

    add("token_embd.weight", len(tokens), WIDTH)
    for i in range(LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{i}.{part}.weight", WIDTH, WIDTH)
            if kind == "qwen2vl" and part != "attn_output":
                add(f"blk.{i}.{part}.bias", WIDTH)
        if kind == "gemma3":
            for part in ("attn_q_norm", "attn_k_norm"):
                add(f"blk.{i}.{part}.weight", WIDTH // HEADS)
            for part in ("post_attention_norm", "post_ffw_norm"):
                add(f"blk.{i}.{part}.weight", WIDTH)
        add(f"blk.{i}.attn_norm.weight", WIDTH)
        add(f"blk.{i}.ffn_norm.weight", WIDTH)
        add(f"blk.{i}.ffn_gate.weight", INNER, WIDTH)
        add(f"blk.{i}.ffn_up.weight", INNER, WIDTH)
        add(f"blk.{i}.ffn_down.weight", WIDTH, INNER)
    add("output_norm.weight", WIDTH)
    add("output.weight", len(tokens), WIDTH)
    return _written(writer, path)


def save_seeing_part(path: Path, *, kind: str = "mlp") -> Path:
    """Two layers of a vision tower, 16 wide, and the projector of a LLaVA (`mlp`), an Idefics3 (`idefics3`), a Qwen2-VL
    (`qwen2vl_merger`) or a Gemma 3 (`gemma3`)."""
    import gguf

    random = np.random.default_rng(6)
    side = 3 * SIDE if kind == "gemma3" else SIDE  # of sixteen patches it makes one token
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_string("general.type", "mmproj")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", kind)
    writer.add_uint32("clip.vision.image_size", side)
    writer.add_uint32("clip.vision.patch_size", PATCH)
    writer.add_uint32("clip.vision.embedding_length", SEEN)
    writer.add_uint32("clip.vision.feed_forward_length", 2 * SEEN)
    writer.add_uint32("clip.vision.block_count", SEEN_LAYERS)
    writer.add_uint32("clip.vision.projection_dim", WIDTH)
    writer.add_uint32("clip.vision.attention.head_count", 2)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.5] * 3)
    writer.add_array("clip.vision.image_std", [0.5] * 3)
    writer.add_bool("clip.use_gelu", True)
    if kind == "idefics3":
        writer.add_uint32("clip.vision.projector.scale_factor", 2)
        writer.add_uint32("clip.vision.preproc_image_size", 2 * SIDE)

    def add(name: str, *shape: int, near: float = 0.0) -> None:
        values = random.normal(size=shape, scale=0.3) + near
        writer.add_tensor(name, values.astype(np.float32))

    add("v.patch_embd.weight", SEEN, 3, PATCH, PATCH)
    if kind == "qwen2vl_merger":
        add("v.patch_embd.weight.1", SEEN, 3, PATCH, PATCH)
    else:
        add("v.patch_embd.bias", SEEN)
        add("v.position_embd.weight", (side // PATCH) ** 2, SEEN)
    for i in range(SEEN_LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
            add(f"v.blk.{i}.{part}.weight", SEEN, SEEN)
            add(f"v.blk.{i}.{part}.bias", SEEN)
        for norm in ("ln1", "ln2"):
            add(f"v.blk.{i}.{norm}.weight", SEEN, near=1.0)
            add(f"v.blk.{i}.{norm}.bias", SEEN)
        add(f"v.blk.{i}.ffn_up.weight", 2 * SEEN, SEEN)
        add(f"v.blk.{i}.ffn_up.bias", 2 * SEEN)
        add(f"v.blk.{i}.ffn_down.weight", SEEN, 2 * SEEN)
        add(f"v.blk.{i}.ffn_down.bias", SEEN)
    add("v.post_ln.weight", SEEN, near=1.0)
    add("v.post_ln.bias", SEEN)
    if kind == "gemma3":
        add("mm.input_projection.weight", SEEN, WIDTH)
        add("mm.soft_emb_norm.weight", SEEN, near=8.0)
    elif kind == "idefics3":
        add("mm.model.fc.weight", WIDTH, 4 * SEEN)
    else:
        add("mm.0.weight", WIDTH, SEEN if kind == "mlp" else 4 * SEEN)
        add("mm.0.bias", WIDTH)
        add("mm.2.weight", WIDTH, WIDTH)
        add("mm.2.bias", WIDTH)
    return _written(writer, path)


def _written(writer: Any, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
