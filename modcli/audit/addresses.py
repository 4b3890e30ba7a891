"""Addresses of accounts and domains as servers of the fediverse read them: what is not surely one is none."""

from __future__ import annotations

import encodings.idna
import re

#: Mastodon's own form of a user name, and its limits.
_USER = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*")
_LONGEST_USER, _LONGEST_DOMAIN = 2048, 253
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
#: These mean one thing in the older form of international names and another in the newer one.
_TWO_WAYS = re.compile("[ßς\u200c\u200d]")
_SEPARATORS = re.compile(r"[:/@?#\\\s]")
#: Browsers take these for dots, and not every program does.
_OTHER_DOTS = re.compile("[。．｡]")


def domain_of(written: str) -> str:
    """The domain in small letters, with international names as `xn--`.

    Raises ValueError, which says why it is none: a scheme, path or port, an asterisk (lists that are made public hide
    names so), an IP address, a name that cannot be in the DNS.
    """
    name = written.strip().lower()
    if "*" in name:
        raise ValueError("it has an asterisk: a part of the name is hidden, or it is a pattern")
    if _SEPARATORS.search(name):
        raise ValueError("it is no bare domain: leave out https://, path, port and user name")
    if _OTHER_DOTS.search(name):
        raise ValueError("it has a dot of another script")
    labels = [_label(label) for label in name.split(".")]
    if len(labels) < 2:
        raise ValueError("it has no dot")
    if labels[-1].isdigit():
        raise ValueError("it is an IP address, or ends in a number")
    domain = ".".join(labels)
    if len(domain) > _LONGEST_DOMAIN:
        raise ValueError(f"it is longer than {_LONGEST_DOMAIN} characters")
    return domain


def address_of(handle: str) -> str:
    """`user@domain` in small letters, as an import reads it. Raises ValueError, which says why it is none."""
    user, sign, domain = handle.strip().removeprefix("@").lower().partition("@")
    if not sign:
        raise ValueError("it is no address user@domain")
    if not _USER.fullmatch(user) or len(user) > _LONGEST_USER:
        raise ValueError("its user name has characters that Mastodon does not know")
    return f"{user}@{domain_of(domain)}"


def shown_domain(domain: str) -> str:
    """The domain as people read it, beside its `xn--` form where that is another."""
    labels = []
    for label in domain.split("."):
        try:
            plain = label[4:].encode().decode("punycode") if label.startswith("xn--") else label
        except UnicodeError:
            plain = label
        labels.append(plain)
    plain = ".".join(labels)
    return domain if plain == domain else f"{domain} ({plain})"


def _label(label: str) -> str:
    if label.isascii():
        plain = label
    elif _TWO_WAYS.search(label):
        raise ValueError("programs differ in how they read one of its letters: write it as xn--")
    else:
        try:
            plain = encodings.idna.ToASCII(label).decode("ascii").lower()
        except UnicodeError as error:
            raise ValueError("it is no international domain name; if it is one, write it as xn--") from error
    if not _LABEL.fullmatch(plain):
        raise ValueError("a part of it is no name of 1 to 63 letters, digits and hyphens")
    if plain.startswith("xn--"):
        try:
            plain[4:].encode().decode("punycode")
        except UnicodeError as error:
            raise ValueError("a part of it begins with xn-- and cannot be decoded") from error
    return plain
