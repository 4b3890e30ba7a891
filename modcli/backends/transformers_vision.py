"""Models of transformers that see: any image-text-to-text model of the hub's format, with the processor it brings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers.cache_utils import Cache

from modcli.backends.base import Readout, by_question, distinct_first_tokens
from modcli.backends.transformers import Transformers, numbers
from modcli.backends.transformers_loading import Loaded, load
from modcli.backends.transformers_session import Fork, Session
from modcli.backends.transformers_tokens import Tokens
from modcli.backends.vision import LONGEST, SHORTEST, Shown, averaged, bounded
from modcli.errors import BackendError, Location
from modcli.prompts.prompt import Prefix, Question

#: Prefixes kept on the device: the profile prompt's, and the three of a debate.
_SESSIONS = 4
#: What a model is given where it has the parts of a picture see each other.
_TYPES = "token_type_ids"


@dataclass(frozen=True)
class _Framed:
    """A prefix in tokens: up to the picture, between picture and item, and behind the question."""

    before: list[int]
    between: list[int]
    after: list[int]


@dataclass(frozen=True)
class _Pictured:
    """A picture in tokens, and what else the model has to be given for it."""

    tokens: list[int]
    inputs: Mapping[str, Any]


class TransformersVision(Transformers):
    """An image-text-to-text model. Pictures are looked at one by one; the prefix and the picture are computed once for
    all questions. Raises BackendError where the model or its processor cannot be loaded."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        digest: str,
        device: str = "auto",
        bits: str = "auto",
        threads: int = 0,
        context: int = 8192,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        loaded = load(path, device=device, bits=bits, seeing=True)
        self._take(loaded, name, digest, context)
        self._processor = load_processor(path)
        template = getattr(self._processor, "chat_template", None)
        self._tokens = Tokens(loaded.tokenizer, name, template if isinstance(template, str) else "")
        self._marker = _marker(self._processor, name)
        self._pictured: dict[str, _Framed] = {}
        self._pictured_sessions: dict[str, _PictureSession] = {}

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str | Shown],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `VisionBackend.read`."""
        plain = [i for i, text in enumerate(texts) if isinstance(text, str)]
        found: dict[int, Readout] = {}
        if plain:
            alone = [text for text in texts if isinstance(text, str)]
            read = super().read(prefix, alone, taps=taps, questions=questions)
            found = dict(zip(plain, read, strict=True))
        for i, shown in enumerate(texts):
            if isinstance(shown, Shown):
                found[i] = self._looked(prefix, shown, taps, questions)
        return [found[i] for i in range(len(texts))]

    def write(self, prefix: Prefix, text: str | Shown, *, question: str = "", limit: int = 60) -> str:
        """See `VisionBackend.write`."""
        if isinstance(text, str):
            return super().write(prefix, text, question=question, limit=limit)
        framed, session = self._seeing(prefix)
        tail = self._tokens.plain(question) + framed.after
        pictured, body = self._fitting(framed, text, len(tail) + limit)
        ends = self._tokens.ends(getattr(self._model.model, "generation_config", None))
        written = self._run(lambda: session.write_seen(pictured, body, tail, limit, ends), len(body))
        return self._tokens.text(written)

    def close(self) -> None:
        """See `Backend.close`."""
        self._pictured_sessions.clear()
        super().close()

    def _looked(
        self, prefix: Prefix, shown: Shown, taps: Sequence[int], questions: Sequence[Question]
    ) -> Readout:
        labels = [distinct_first_tokens(self, question) for question in questions]
        framed, session = self._seeing(prefix)
        tails = [self._tokens.plain(question.text) + framed.after for question in questions]
        tails = tails or [framed.after]
        pictured, body = self._fitting(framed, shown, max(map(len, tails)))
        tokens = [token for question in labels for token in question]
        spent = len(pictured.tokens) + len(body) + sum(map(len, tails))
        if not taps and not tokens:
            return Readout({}, (), spent)
        states, logits = self._run(
            lambda: session.read_seen(pictured, body, tails, taps=taps, tokens=tokens), spent
        )
        scores = numbers(logits) if logits is not None else np.empty((len(tails), 0), np.float32)
        return Readout(
            states={tap: numbers(states[tap])[0] for tap in taps},
            log_probabilities=by_question(scores, labels),
            tokens=spent,
        )

    def _run(self, compute: Any, length: int) -> Any:
        try:
            found = self._tried(compute)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
            # Model and processor are somebody's, and need not fit together.
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise BackendError(f"{self.facts.name} cannot look at a picture: {lines[0][:300]}") from error
        if found is None:
            self._pictured_sessions.clear()
            raise self._out_of_memory(length)
        return found

    def _seeing(self, prefix: Prefix) -> tuple[_Framed, _PictureSession]:
        """The prefix in tokens, and a session behind what of it stands before the picture."""
        if prefix.digest not in self._pictured:
            self._pictured[prefix.digest] = _framed(self._tokens, prefix, self._marker, self.facts.name)
        framed = self._pictured[prefix.digest]
        if prefix.digest not in self._pictured_sessions:
            self.check(prefix)
            while len(self._pictured_sessions) >= _SESSIONS:
                self._pictured_sessions.pop(next(iter(self._pictured_sessions)))
            session = self._run(lambda: _PictureSession(self._model, framed.before), len(framed.before))
            self._pictured_sessions[prefix.digest] = session
        return framed, self._pictured_sessions[prefix.digest]

    def _fitting(self, framed: _Framed, shown: Shown, tail: int) -> tuple[_Pictured, list[int]]:
        """The picture and what stands behind it in tokens, the picture made smaller until all fits."""
        body = framed.between + self._tokens.plain(shown.text)
        room = self.facts.context - len(framed.before) - len(body) - tail
        pixels = bounded(shown.pixels, LONGEST)
        while True:
            pictured = self._processed(pixels)
            if len(pictured.tokens) <= room:
                return pictured, body
            if max(pixels.shape[:2]) <= 2 * SHORTEST:
                raise BackendError(
                    f"a picture takes {len(pictured.tokens)} tokens, and {self.facts.name} has room for"
                    f" {max(room, 0)} beside the profile prompt and the text",
                    hint="Shorten definitions, or raise the `context` setting.",
                )
            pixels = bounded(averaged(pixels, 2), LONGEST)

    def _processed(self, pixels: NDArray[np.uint8]) -> _Pictured:
        try:
            made = self._processor(
                text=[self._marker],
                images=[[pixels]],
                add_special_tokens=False,
                input_data_format="channels_last",
                return_tensors="pt",
            )
        except Exception as error:  # the processor's files are somebody's: it may fail in any way
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise BackendError(
                f"the processor of {self.facts.name} cannot take a picture: {lines[0][:300]}"
            ) from error
        tokens = made.pop("input_ids")[0].tolist()
        made.pop("attention_mask", None)
        return _Pictured(tokens, dict(made))


class _PictureSession(Session):
    """A model behind one prefix, which is followed by a picture."""

    def __init__(self, loaded: Loaded, prefix: Sequence[int]) -> None:
        super().__init__(loaded, prefix)
        self._prefix_tokens = list(prefix)
        self._takes = inspect.signature(loaded.model.forward).parameters
        # The part below the head that knows of pictures: its cache may have another name than the decoder's.
        self._whole = loaded.model.base_model
        whole = inspect.signature(self._whole.forward).parameters
        self._whole_cache = "cache" if "cache" in whole else "past_key_values"

    def read_seen(
        self,
        pictured: _Pictured,
        body: Sequence[int],
        tails: Sequence[Sequence[int]],
        *,
        taps: Sequence[int],
        tokens: Sequence[int],
    ) -> tuple[dict[int, Any], Any]:
        """As `Session.read`, one row for each tail behind the picture and the text."""
        with nullcontext() if tokens else self._cut(max(taps) + 1):
            behind, start = self._seen(pictured, body)
        own = len(pictured.tokens) + len(body)
        with torch.inference_mode():
            cache = Cache(layers=[layer.forked(len(tails)) for layer in behind.layers])
            padding = self._tensor(np.ones((len(tails), own)))
            # Where the next token stands: a picture may take fewer places than it has tokens.
            lengths = self._tensor(np.full(len(tails), start - self.prefix_length))
        return self.read(tails, taps=taps, tokens=tokens, fork=Fork(cache, padding, lengths))

    def write_seen(
        self,
        pictured: _Pictured,
        body: Sequence[int],
        tail: Sequence[int],
        limit: int,
        ends: frozenset[int],
    ) -> list[int]:
        """As `Session.write`, behind the picture and the text."""
        behind, start = self._seen(pictured, body)
        return self.continued(tail, behind, start, limit, ends)

    def _seen(self, pictured: _Pictured, body: Sequence[int]) -> tuple[Any, int]:
        """Keys and values of picture and text behind the prefix, and the place of the next token."""
        # Where the parts of a picture see each other, the model counts them from the first token on: all is computed.
        whole = _TYPES in self._takes and _TYPES in pictured.inputs
        first = 0 if whole else self.prefix_length
        before = self._prefix_tokens if whole else []
        new = [*before, *pictured.tokens, *body]
        given = {
            name: self._padded(value, len(before), len(pictured.tokens), len(body))
            for name, value in pictured.inputs.items()
            if name in self._takes
        }
        behind = self._behind(kept=True)
        if whole:
            behind = Cache(layers=[layer.emptied() for layer in behind.layers])
        places = self._places(pictured, len(body))
        inputs = {
            **given,
            "input_ids": self._tensor([new]),
            "position_ids": places[..., first:],
            self._whole_cache: behind,
            "use_cache": True,
        }
        with torch.inference_mode():
            self._whole(**inputs)
        return behind, int(places.max()) + 1

    def _padded(self, value: Any, before: int, picture: int, body: int) -> Any:
        """What is said of each token is said of those around the picture, too: they are of no picture."""
        if not torch.is_tensor(value):
            return value
        value = value.to(self._loaded.device)
        if value.shape == (1, picture) and not value.is_floating_point():
            return torch.nn.functional.pad(value, (before, body))
        return value.to(self._loaded.dtype) if value.is_floating_point() else value

    def _places(self, pictured: _Pictured, body: int) -> Any:
        """The place of each token, the prefix included: (1, tokens), or, for models that place pictures in three
        dimensions, (3, 1, tokens)."""
        count = self.prefix_length + len(pictured.tokens) + body
        locate = getattr(self._whole, "get_rope_index", None)
        if locate is None:
            return self._tensor([range(count)])
        kinds = _kinds(pictured, getattr(self._loaded.model.config, "image_token_id", None))
        of_picture = self._tensor([[0] * self.prefix_length + kinds + [0] * body])
        known = {
            name: value.to(self._loaded.device) if torch.is_tensor(value) else value
            for name, value in pictured.inputs.items()
        }
        known |= {
            "input_ids": self._tensor([[*self._prefix_tokens, *pictured.tokens, *[0] * body]]),
            "mm_token_type_ids": of_picture,
            "attention_mask": torch.ones_like(of_picture),
        }
        takes = inspect.signature(locate).parameters
        return locate(**{name: value for name, value in known.items() if name in takes})[0]


def load_processor(path: Path) -> Any:
    """The processor that a model brings. Raises BackendError, with what is missing where that is a package."""
    try:
        return transformers.AutoProcessor.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # its files are somebody's: they may fail in any way
        lines = [line for line in str(error).strip().splitlines() if line.strip()]
        hint = "Is it a vision-language model, with preprocessor_config.json or processor_config.json?"
        if "torchvision" in str(error).lower():
            hint = "Its pictures are prepared with torchvision: pip install torchvision"
        raise BackendError(
            f"its processor cannot be loaded: {(lines or [type(error).__name__])[0][:300]}",
            location=Location(str(path)),
            hint=hint,
        ) from error


def _marker(processor: Any, name: str) -> str:
    """The token that stands for a picture."""
    marker = getattr(processor, "image_token", None)
    if not isinstance(marker, str) or not marker:
        raise BackendError(
            f"{name} brings a processor without a token for pictures",
            hint="Use a model whose architecture transformers lists under image-text-to-text.",
        )
    return marker


def _framed(tokens: Tokens, prefix: Prefix, marker: str, name: str) -> _Framed:
    """The prefix in tokens, cut where the picture stands. Raises BackendError where it has no such place."""
    found = tokens.segmented(prefix, pictured=True)
    counts = [segment.text.count(marker) * segment.marker for segment in (*found.before, *found.after)]
    if sum(counts) != 1 or 1 not in counts[: len(found.before)]:
        raise BackendError(f"the chat template of {name} has no place for a picture before a text")
    place = counts.index(1)
    head, _, rest = found.before[place].text.partition(marker)
    before = tokens.opened([*tokens.of(found.before[:place]), *tokens.marked(head)])
    between = [*tokens.marked(rest), *tokens.of(found.before[place + 1 :])]
    if not before:
        raise BackendError(f"the chat template of {name} begins with a picture")
    return _Framed(before, between, tokens.of(found.after))


def _kinds(pictured: _Pictured, image_token: int | None) -> list[int]:
    """1 for each token that is a part of the picture, and 0 for what stands around it."""
    given: Any = pictured.inputs.get("mm_token_type_ids")
    if torch.is_tensor(given):
        kinds: list[int] = given[0].tolist()
        return kinds
    if image_token is None:
        image_token = max(set(pictured.tokens), key=pictured.tokens.count)
    return [int(token == image_token) for token in pictured.tokens]
