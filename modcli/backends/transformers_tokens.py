"""A tokenizer of transformers, used so that nothing but the chat template can spell a special token."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from modcli.errors import BackendError
from modcli.prompts.prompt import Prefix
from modcli.prompts.template import Frame, Segment, frame


class Tokens:
    """The tokenizer of a model that is called `name`; `template` is its chat template where another file holds it."""

    def __init__(self, tokenizer: Any, name: str, template: str = "") -> None:
        self._tokenizer = tokenizer
        self._name = name
        self._template = template or _template(tokenizer)
        added = sorted(tokenizer.get_added_vocab(), key=len, reverse=True)
        self._added = re.compile("|".join(map(re.escape, added))) if added else None
        self._adds_first = tokenizer("a").input_ids[:1] == [tokenizer.bos_token_id]

    def plain(self, text: str) -> list[int]:
        """Tokens of somebody's words: what spells a special token, or another that was added to the vocabulary, is cut
        behind its first character, so that it is none."""
        text = text.encode("utf-8", "replace").decode()
        if self._added is None:
            return self._encode(text)
        cuts = [found.start() + 1 for found in self._added.finditer(text) if len(found[0]) > 1]
        ends = [*cuts, len(text)]
        pieces = (text[a:b] for a, b in zip([0, *cuts], ends, strict=True))
        return [token for piece in pieces for token in self._encode(piece)]

    def framed(self, prefix: Prefix) -> tuple[list[int], list[int]]:
        """The prefix in the model's own form: before the item, and after the question. Raises BackendError where the
        model has no chat template and needs one, or one that cannot be applied."""
        applied = self.segmented(prefix)
        return self.opened(self.of(applied.before)), self.of(applied.after)

    def segmented(self, prefix: Prefix, *, pictured: bool = False) -> Frame:
        """The prefix in the model's own form, before it is made tokens; raises as `framed`."""
        if not self._template and prefix.framed is None:
            raise BackendError(
                f"{self._name} has no chat template", hint="Use an instruction-tuned (chat) model."
            )
        special = {
            "bos_token": self._tokenizer.bos_token or "",
            "eos_token": self._tokenizer.eos_token or "",
        }
        try:
            return frame(self._template, prefix, special, pictured=pictured)
        except ValueError as error:
            raise BackendError(f"{self._name}: {error}") from error

    def opened(self, tokens: list[int]) -> list[int]:
        """With the token that every text begins with: what the template leaves out is left to the tokenizer."""
        first = self._tokenizer.bos_token_id
        return [first, *tokens] if self._adds_first and tokens[:1] != [first] else tokens

    def marked(self, text: str) -> list[int]:
        """Tokens of the template's own words, which may spell special tokens."""
        return self._encode(text)

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens spell, without special ones."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))

    def ends(self, generation_config: Any) -> frozenset[int]:
        """The tokens with which the model ends its turn."""
        declared = getattr(generation_config, "eos_token_id", None)
        ids = declared if isinstance(declared, list) else [declared]
        return frozenset(token for token in (*ids, self._tokenizer.eos_token_id) if token is not None)

    def of(self, segments: Sequence[Segment]) -> list[int]:
        """Tokens of segments, one after the other."""
        return [
            token
            for segment in segments
            for token in (self._encode(segment.text) if segment.marker else self.plain(segment.text))
        ]

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)


def _template(tokenizer: Any) -> str:
    """The chat template; of several the default one."""
    found = getattr(tokenizer, "chat_template", None)
    if isinstance(found, dict):
        found = found.get("default", "")
    return found if isinstance(found, str) else ""
