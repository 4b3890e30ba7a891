"""The tables of an audit file; docs/audit-file.md says what stands in them."""

from __future__ import annotations

#: Told apart from other SQLite files by this (`PRAGMA application_id`), and from other versions by the second.
APPLICATION_ID, VERSION = 0x6D6F6461, 2

#: Since version 2: the media of items.
MEDIA = """
CREATE TABLE media (
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL REFERENCES items (id), name TEXT NOT NULL, path TEXT NOT NULL,
    kind TEXT NOT NULL, remote INTEGER NOT NULL, UNIQUE (item, path)
);

CREATE TABLE media_verdicts (
    judgement INTEGER NOT NULL REFERENCES judgements (id), media INTEGER NOT NULL REFERENCES media (id),
    severity INTEGER NOT NULL,
    action TEXT NOT NULL GENERATED ALWAYS AS
        (CASE severity WHEN 2 THEN 'block' WHEN 1 THEN 'warn' ELSE 'allow' END) VIRTUAL,
    category TEXT NOT NULL, p REAL, scores TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT NOT NULL,
    read REAL NOT NULL DEFAULT 1, error TEXT, part TEXT NOT NULL, details TEXT NOT NULL, model TEXT NOT NULL,
    content BLOB, alike INTEGER REFERENCES media (id), PRIMARY KEY (judgement, media)
) WITHOUT ROWID;
CREATE INDEX media_verdicts_by_content ON media_verdicts (judgement, content) WHERE content IS NOT NULL;
"""

VIEWS = """
CREATE VIEW flagged AS
    SELECT i.id, v.judgement, v.action, v.category, round(v.p, 3) AS p, p.name AS part, t.text, a.handle AS author,
           i.published, i.visibility, i.url, v.stage, v.reason
    FROM text_verdicts v JOIN texts t ON t.id = v.text JOIN parts p ON p.text = t.id JOIN items i ON i.id = p.item
    LEFT JOIN authors a ON a.id = i.author
    WHERE v.severity > 0
    UNION ALL
    SELECT i.id, v.judgement, v.action, v.category, round(v.p, 3), m.name || ': ' || v.part, m.path, a.handle,
           i.published, i.visibility, i.url, v.stage, v.reason
    FROM media_verdicts v JOIN media m ON m.id = v.media JOIN items i ON i.id = m.item
    LEFT JOIN authors a ON a.id = i.author
    WHERE v.severity > 0;

CREATE VIEW not_judged AS
    SELECT i.id, i.kind, i.key, i.target, i.published, i.place
    FROM items i WHERE NOT EXISTS (SELECT 1 FROM parts p WHERE p.item = i.id)
    AND NOT EXISTS (SELECT 1 FROM media m JOIN media_verdicts v ON v.media = m.id WHERE m.item = i.id);
"""
#: What makes a file of version 1 one of version 2. A profile's portraits and the media of its posts are listed when its
#: export is read again.
FROM_1 = f"DROP VIEW flagged; DROP VIEW not_judged; {MEDIA} {VIEWS}"

_FIRST = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE inputs (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
    position INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE authors (
    id INTEGER PRIMARY KEY, handle TEXT NOT NULL, url TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (handle, url)
);

CREATE TABLE texts (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, words BLOB, representative INTEGER REFERENCES texts (id),
    cut INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL
);
CREATE INDEX texts_by_words ON texts (words) WHERE words IS NOT NULL AND representative IS NULL;

CREATE TABLE items (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, author INTEGER REFERENCES authors (id),
    published TEXT, edited TEXT, url TEXT NOT NULL, uri TEXT NOT NULL, visibility TEXT NOT NULL,
    sensitive INTEGER NOT NULL, language TEXT NOT NULL, in_reply_to TEXT NOT NULL, conversation TEXT NOT NULL,
    target TEXT NOT NULL, media INTEGER NOT NULL, details TEXT NOT NULL, input INTEGER REFERENCES inputs (id),
    place TEXT NOT NULL, lot INTEGER NOT NULL
);

CREATE TABLE parts (
    item INTEGER NOT NULL REFERENCES items (id), ordinal INTEGER NOT NULL, name TEXT NOT NULL,
    text INTEGER NOT NULL REFERENCES texts (id), PRIMARY KEY (item, ordinal)
) WITHOUT ROWID;
CREATE INDEX parts_by_text ON parts (text);

CREATE TABLE windows (
    text INTEGER NOT NULL REFERENCES texts (id), ordinal INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (text, ordinal)
) WITHOUT ROWID;

CREATE TABLE judgements (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, profile TEXT NOT NULL, profile_digest TEXT NOT NULL,
    model TEXT NOT NULL, model_name TEXT NOT NULL, method TEXT NOT NULL, depth TEXT NOT NULL,
    thresholds TEXT NOT NULL DEFAULT '{}', made TEXT NOT NULL,
    UNIQUE (profile_digest, model, method, depth)
);

CREATE TABLE verdicts (
    judgement INTEGER NOT NULL REFERENCES judgements (id), text INTEGER NOT NULL REFERENCES texts (id),
    severity INTEGER NOT NULL,
    action TEXT NOT NULL GENERATED ALWAYS AS
        (CASE severity WHEN 2 THEN 'block' WHEN 1 THEN 'warn' ELSE 'allow' END) VIRTUAL,
    category TEXT NOT NULL, p REAL, scores TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT NOT NULL,
    read REAL NOT NULL DEFAULT 1, error TEXT, PRIMARY KEY (judgement, text)
) WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY, judgement INTEGER REFERENCES judgements (id), started TEXT NOT NULL, ended TEXT,
    outcome TEXT NOT NULL DEFAULT 'unfinished', version TEXT NOT NULL, options TEXT NOT NULL,
    judged INTEGER NOT NULL DEFAULT 0, figures TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE errors (
    id INTEGER PRIMARY KEY, input INTEGER REFERENCES inputs (id), place TEXT NOT NULL, message TEXT NOT NULL,
    hint TEXT NOT NULL, UNIQUE (place, message)
);

CREATE TABLE certificates (
    id INTEGER PRIMARY KEY, judgement INTEGER NOT NULL REFERENCES judgements (id), made TEXT NOT NULL,
    record TEXT NOT NULL
);

CREATE TABLE sampled (
    judgement INTEGER NOT NULL REFERENCES judgements (id), text INTEGER NOT NULL REFERENCES texts (id),
    stage TEXT NOT NULL, severity INTEGER NOT NULL, certificate INTEGER REFERENCES certificates (id),
    PRIMARY KEY (judgement, text)
) WITHOUT ROWID;

CREATE TABLE decisions (
    id INTEGER PRIMARY KEY, made TEXT NOT NULL, judgement INTEGER NOT NULL REFERENCES judgements (id),
    item INTEGER NOT NULL REFERENCES items (id), text INTEGER REFERENCES texts (id), answer TEXT NOT NULL,
    labels TEXT NOT NULL DEFAULT '[]', why TEXT NOT NULL DEFAULT '', source TEXT NOT NULL,
    before TEXT NOT NULL DEFAULT '', after TEXT NOT NULL DEFAULT '', undoes INTEGER REFERENCES decisions (id)
);
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN
    SELECT RAISE(ABORT, 'decisions are only added to');
END;
CREATE TRIGGER decisions_last BEFORE DELETE ON decisions BEGIN
    SELECT RAISE(ABORT, 'decisions are only added to');
END;

CREATE VIEW text_verdicts AS
    SELECT t.id AS text, v.judgement, v.severity, v.action, v.category, v.p, v.scores, v.stage, v.reason, v.read, v.error,
           v.text <> t.id AS spread
    FROM texts t JOIN verdicts v ON v.text = t.id
    UNION ALL
    SELECT t.id, v.judgement, v.severity, v.action, v.category, v.p, v.scores, v.stage, v.reason, v.read, v.error, 1
    FROM texts t JOIN verdicts v ON v.text = t.representative
    WHERE NOT EXISTS (SELECT 1 FROM verdicts o WHERE o.text = t.id AND o.judgement = v.judgement);
"""
SCHEMA = f"{_FIRST}; {MEDIA} {VIEWS}"
