"""Devices, number formats, and models of transformers from a folder in the hub's format or from a GGUF file."""

from __future__ import annotations

from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import torch
import transformers

from modcli.errors import BackendError, Location, MissingExtraError

#: Kinds of layers that keep keys and values of all tokens: only these can share a prefix.
_ATTENTION = {"full_attention", "sliding_attention", "chunked_attention"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to run, with its tokenizer. `layers` is its list of blocks, of which `decoder` holds the
    attribute `layers_name`."""

    model: Any
    tokenizer: Any
    decoder: Any
    layers_name: str
    device: Any
    dtype: Any

    @property
    def layers(self) -> Any:
        """The blocks, the shallowest first."""
        return getattr(self.decoder, self.layers_name)

    @property
    def config(self) -> Any:
        """The configuration of the part that reads text."""
        return self.model.config.get_text_config(decoder=True)


def choose_device(wish: str = "auto") -> str:
    """`cuda`, `mps` or `cpu`; ROCm calls itself cuda. Raises BackendError where the wish is not there."""
    there = {"cpu"}
    if torch.cuda.is_available():
        there |= {"cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))}
    if torch.backends.mps.is_available():
        there.add("mps")
    if wish == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if kind in there)
    if wish not in there:
        raise BackendError(
            f"there is no device {wish} that torch {torch.__version__} can use",
            hint=f"devices here: {', '.join(sorted(there))} (--device, setting `device`)",
        )
    return wish


def choose_dtype(device: str, bits: str = "auto") -> Any:
    """bfloat16 on a GPU that has it, half precision on one that has not, float32 on a CPU; `bits` of 16 or 32 says
    otherwise."""
    if bits == "32":
        return torch.float32
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device == "mps" or bits == "16":
        return torch.bfloat16
    return torch.float32


def load(path: Path, *, device: str = "auto", bits: str = "auto", seeing: bool = False) -> Loaded:
    """A causal language model and its tokenizer; with `seeing` one that sees pictures as well. Code that a model brings
    along is never run, and nothing is fetched.

    `bits` is auto, 4, 8, 16 or 32: how precise the weights are. Raises BackendError, and MissingExtraError where a
    package for GGUF files or for few bits is not installed.
    """
    _say_nothing()
    place = choose_device(device)
    dtype = choose_dtype(place, bits)
    source, options = _source(path)
    if bits in ("4", "8"):
        if "gguf_file" in options:
            raise BackendError(
                f"{path.name} is unpacked to {dtype} when it is loaded, and cannot be packed into {bits} bits",
                hint="Name a folder in the hub's format, or leave out the setting `bits`.",
            )
        options |= {"quantization_config": _quantization(bits, place), "device_map": {"": place}}
    try:
        with redirect_stderr(StringIO()):  # a bar of its own that no setting turns off
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                source, local_files_only=True, trust_remote_code=False, **_of_tokenizer(options)
            )
            kind = transformers.AutoModelForImageTextToText if seeing else _class_of(source, options)
            model = kind.from_pretrained(
                source, local_files_only=True, trust_remote_code=False, dtype=dtype, **options
            )
        if "device_map" not in options:
            model = model.to(place)
    except torch.OutOfMemoryError as error:
        raise BackendError(
            f"{path.name} does not fit into the memory of {place}",
            hint="Try --device cpu, `bits` of 8 or 4, or a smaller model.",
        ) from error
    except Exception as error:  # a model's files are somebody's: they may fail in any way
        raise _not_loaded(path, error) from error
    return taken_apart(model.eval(), tokenizer, torch.device(place), dtype)


def taken_apart(model: Any, tokenizer: Any, device: Any, dtype: Any) -> Loaded:
    """The parts of a model that was loaded. Raises BackendError for one whose layers cannot share a prefix."""
    config = model.config.get_text_config(decoder=True)
    kinds = set(getattr(config, "layer_types", None) or ()) - _ATTENTION
    if kinds:
        raise BackendError(
            f"{type(model).__name__} has layers of another kind than attention ({', '.join(sorted(kinds))}), which "
            "cannot go on from a shared prefix",
            hint="Use --backend llama-cpp, or another model.",
        )
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else None
    if decoder is None or decoder is model:
        decoder = model.base_model
    for name, child in decoder.named_children():
        if isinstance(child, torch.nn.ModuleList) and len(child) == config.num_hidden_layers:
            return Loaded(model, tokenizer, decoder, name, device, dtype)
    raise BackendError(f"the layers of {type(model).__name__} cannot be found", hint="Use another model.")


def free_bytes(device: Any) -> int:
    """Memory of the device that batches may fill; of a CPU a share that leaves room for all else."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * 0.6)
    if device.type == "mps":
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return int(max(free, 1 << 28) * 0.5)
    return 1 << 30


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch failed for want of memory: each device says it in its own way."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in said or "can't allocate memory" in said)


def _source(path: Path) -> tuple[str, dict[str, Any]]:
    """Where transformers is to look, and what else it has to know."""
    if path.is_dir():
        # Weights in a pickle are not loaded.
        return str(path), {"use_safetensors": True}
    if path.suffix != ".gguf":
        raise BackendError(
            "is neither a folder in the hub's format nor a GGUF file", location=Location(str(path))
        )
    if find_spec("gguf") is None:
        raise MissingExtraError(
            "a GGUF file needs the gguf package here", hint="pip install 'modcli[transformers]'"
        )
    return str(path.parent), {"gguf_file": path.name}


def _class_of(source: str, options: dict[str, Any]) -> Any:
    """What loads the model: one that sees images as well is of another class, and reads text as any other."""
    if "gguf_file" not in options:
        config = transformers.AutoConfig.from_pretrained(
            source, local_files_only=True, trust_remote_code=False
        )
        causal = transformers.AutoModelForCausalLM._model_mapping
        seeing = transformers.AutoModelForImageTextToText._model_mapping
        if type(config) not in causal and type(config) in seeing:
            return transformers.AutoModelForImageTextToText
    return transformers.AutoModelForCausalLM


def _of_tokenizer(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name == "gguf_file"}


def _quantization(bits: str, device: str) -> Any:
    """How weights are packed, by bitsandbytes or torchao, whichever is installed."""
    if find_spec("accelerate") is None:
        raise MissingExtraError(f"weights of {bits} bits need accelerate", hint="pip install accelerate")
    if find_spec("bitsandbytes") is not None and device.startswith("cuda"):
        if bits == "8":
            return transformers.BitsAndBytesConfig(load_in_8bit=True)
        return transformers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=choose_dtype(device)
        )
    if find_spec("torchao") is not None:
        from torchao.quantization import Int4WeightOnlyConfig, Int8WeightOnlyConfig

        kind = Int8WeightOnlyConfig() if bits == "8" else Int4WeightOnlyConfig()
        return transformers.TorchAoConfig(quant_type=kind)
    raise MissingExtraError(
        f"weights of {bits} bits need bitsandbytes (on CUDA) or torchao", hint="pip install torchao"
    )


def _not_loaded(path: Path, error: Exception) -> BackendError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return BackendError(
        f"transformers {transformers.__version__} cannot load it: {lines[0][:300]}",
        location=Location(str(path)),
        hint="Is it a complete language model (config.json, weights, tokenizer), or a GGUF file of a kind that "
        "transformers can read?",
    )


def _say_nothing() -> None:
    """Its bars and warnings would be drawn over ours; what matters comes back as an error."""
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
